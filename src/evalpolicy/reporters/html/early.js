"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("scripted");
  try {
    const theme = localStorage.getItem("evalpolicy-theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  } catch {
    /* a page from the disk may have no storage */
  }
})();
