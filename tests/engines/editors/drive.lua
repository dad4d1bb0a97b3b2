-- What a user does in Neovim, and what it shows then: one JSON file for the test to read.
local out = {}
local function codes()
  local found = {}
  for _, one in ipairs(vim.diagnostic.get(0)) do
    local lsp = one.user_data and one.user_data.lsp or {}
    table.insert(found, one.code or lsp.code or "?")
  end
  return found
end
local function shows(code)
  return vim.wait(300000, function()
    return vim.tbl_contains(codes(), code)
  end, 20)
end
local function request(method, params)
  for _, answer in pairs(vim.lsp.buf_request_sync(0, method, params, 300000) or {}) do
    return answer.result
  end
end
local function row(pattern)
  return vim.fn.search(pattern, "cnw")
end

local ok, why = pcall(function()
  assert(vim.wait(300000, function()
    return vim.tbl_count(vim.lsp.buf_get_clients(0)) > 0
  end, 20), "no client is attached")
  local name = row("eval.benchmark.name")
  local line = vim.fn.getline(name)
  vim.fn.setline(name, (line:gsub("arc", "ark")))
  out.shown = shows("LBL004")
  out.positions = vim.tbl_map(function(one)
    return { one.lnum, one.col, one.end_lnum, one.end_col, one.severity, one.source }
  end, vim.diagnostic.get(0))
  local document = { uri = vim.uri_from_bufnr(0) }
  local here = { line = name - 1, character = 8 }
  local hover = request("textDocument/hover", { textDocument = document, position = here })
  out.hover = hover and hover.contents.value
  local offered = request("textDocument/codeAction", {
    textDocument = document,
    range = { start = here, ["end"] = here },
    context = { diagnostics = {} },
  })
  out.offered = {}
  for _, action in ipairs(offered or {}) do
    table.insert(out.offered, action.title)
    if action.isPreferred then
      vim.lsp.util.apply_workspace_edit(action.edit, "utf-16")
    end
  end
  out.line = vim.fn.getline(name)
  out.gone = vim.wait(300000, function()
    return #vim.diagnostic.get(0) == 0
  end, 20)
  vim.cmd("write")
end)
out.error = not ok and tostring(why) or nil
local file = io.open(vim.env.RESULT, "w")
file:write(vim.fn.json_encode(out))
file:close()
vim.cmd("qall!")
