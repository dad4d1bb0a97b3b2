"""The credentials that providers publish the shape of.

Each row names its provider; lengths are those of the provider's documentation or, where it gives
none, of the secret-scanning partners' published patterns. The first shape that fits wins, so the
narrower stands before the wider.
"""

from __future__ import annotations

from evalpolicy.scanners.credentials.checksums import (
    begins_json_web_token,
    is_basic_login,
    is_discord_token,
    is_github_token,
)
from evalpolicy.scanners.credentials.plausible import is_key_block, is_virtual_key
from evalpolicy.scanners.credentials.shapes import URLSAFE, WORD, Shape, named, prefixed

HEX = "0-9a-f"

MODELS: tuple[Shape, ...] = (
    prefixed("anthropic", "Anthropic API key", "sk-ant-", (80, 120), URLSAFE),
    prefixed("openai-project", "OpenAI project key", "sk-proj-", (40, 200), URLSAFE),
    prefixed("openai-service", "OpenAI service account key", "sk-svcacct-", (40, 200), URLSAFE),
    prefixed("openai-admin", "OpenAI admin key", "sk-admin-", (40, 200), URLSAFE),
    prefixed("openrouter", "OpenRouter API key", "sk-or-v1-", (64, 64), HEX, edge=URLSAFE),
    Shape(
        "langfuse",
        "Langfuse secret key",
        rf"sk-lf-[{HEX}]{{8}}-[{HEX}]{{4}}-[{HEX}]{{4}}-[{HEX}]{{4}}-[{HEX}]{{12}}",
        "sk-lf-",
    ),
    prefixed("openai", "OpenAI API key", "sk-", (48, 48), WORD, edge=URLSAFE),
    prefixed("deepseek", "DeepSeek or DashScope API key", "sk-", (32, 32), HEX, edge=URLSAFE),
    prefixed(
        "litellm", "LiteLLM virtual key", "sk-", (12, 47), URLSAFE, is_virtual_key, glued=False
    ),
    prefixed("hugging-face", "Hugging Face token", "hf_", (34, 40)),
    prefixed("hugging-face-org", "Hugging Face organisation token", "api_org_", (34, 34)),
    prefixed("groq", "Groq API key", "gsk_", (52, 52)),
    prefixed("replicate", "Replicate API token", "r8_", (37, 37)),
    prefixed("perplexity", "Perplexity API key", "pplx-", (48, 48)),
    prefixed("xai", "xAI API key", "xai-", (80, 80)),
    prefixed("cerebras", "Cerebras API key", "csk-", (48, 48)),
    prefixed("nvidia", "NVIDIA API key", "nvapi-", (64, 64), URLSAFE),
    prefixed("together", "Together AI API key", "tgp_v1_", (43, 43), URLSAFE),
    prefixed("tavily", "Tavily API key", "tvly-", (32, 40), URLSAFE),
    prefixed("langsmith-personal", "LangSmith personal token", "lsv2_pt_", (43, 43), "0-9a-f_"),
    prefixed("langsmith-service", "LangSmith service key", "lsv2_sk_", (43, 43), "0-9a-f_"),
    prefixed("wandb", "Weights & Biases API key", "wandb_v1_", (60, 100), "A-Za-z0-9_"),
    named("wandb-by-name", "Weights & Biases API key", "WANDB_API_KEY", f"[{HEX}]{{40}}"),
    named("mistral", "Mistral API key", "MISTRAL_API_KEY", f"[{WORD}]{{32}}"),
    named("cohere", "Cohere API key", "(?:COHERE|CO)_API_KEY", f"[{WORD}]{{40}}"),
    named("azure-openai", "Azure OpenAI key", "AZURE(?:_OPENAI)?_API_KEY", f"[{HEX}]{{32}}"),
)

CLOUDS: tuple[Shape, ...] = (
    Shape(
        "aws-access-key",
        "AWS access key id",
        "(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}",
        alphabet=WORD,
    ),
    named(
        "aws-secret",
        "AWS secret access key",
        "aws_?secret_?(?:access_?)?key|secret_?access_?key",
        "[A-Za-z0-9/+]{40}",
        "A-Za-z0-9/+=",
    ),
    prefixed("google-api", "Google API key", "AIza", (35, 35), URLSAFE),
    prefixed("google-oauth", "Google OAuth access token", "ya29.", (20, 1000), "A-Za-z0-9._-"),
    prefixed("google-client", "Google OAuth client secret", "GOCSPX-", (28, 28), URLSAFE),
    prefixed("google-refresh", "Google OAuth refresh token", "1//0", (60, 120), URLSAFE),
    Shape(
        "azure-storage",
        "Azure storage account key",
        "[A-Za-z0-9+/]{86}==",
        before=r"AccountKey=",
        alphabet="A-Za-z0-9+/=",
    ),
    Shape(
        "azure-ad",
        "Azure AD client secret",
        r"[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}",
        alphabet="A-Za-z0-9_~.-",
        probe="[0-9]Q~[A-Za-z0-9_~.-]{31}",
        lead=(3, 3),
    ),
    prefixed("digitalocean", "DigitalOcean personal token", "dop_v1_", (64, 64), HEX, edge=WORD),
    prefixed("digitalocean-oauth", "DigitalOcean token", "doo_v1_", (64, 64), HEX, edge=WORD),
    prefixed("databricks", "Databricks token", "dapi", (32, 32), HEX, edge=WORD),
)

FORGES: tuple[Shape, ...] = (
    *(
        prefixed(f"github-{kind}", f"GitHub {what}", f"{kind}_", (36, 251), WORD, is_github_token)
        for kind, what in (
            ("ghp", "personal access token"),
            ("gho", "OAuth token"),
            ("ghu", "user token of an app"),
            ("ghs", "installation token"),
            ("ghr", "refresh token"),
        )
    ),
    Shape(
        "github-fine-grained",
        "GitHub fine-grained token",
        f"github_pat_[{WORD}]{{22}}_[{WORD}]{{59}}",
        "github_pat_",
        alphabet="A-Za-z0-9_",
    ),
    prefixed("gitlab", "GitLab personal token", "glpat-", (20, 64), "A-Za-z0-9_.-"),
    prefixed("gitlab-deploy", "GitLab deploy token", "gldt-", (20, 64), URLSAFE),
    prefixed("gitlab-runner", "GitLab runner token", "glrt-", (20, 64), "A-Za-z0-9_.-"),
    prefixed("gitlab-job", "GitLab job token", "glcbt-", (20, 90), URLSAFE),
    prefixed("npm", "npm token", "npm_", (36, 36)),
    prefixed("pypi", "PyPI token", "pypi-AgE", (50, 1000), URLSAFE),
    prefixed("docker-hub", "Docker Hub personal token", "dckr_pat_", (27, 32), URLSAFE),
    prefixed("docker-hub-org", "Docker Hub organisation token", "dckr_oat_", (27, 32), URLSAFE),
)

SERVICES: tuple[Shape, ...] = (
    *(
        Shape(
            f"slack-xox{kind}",
            f"Slack {what}",
            rf"xox{kind}-(?:[0-9]{{1,3}}-)?[0-9A-Za-z]{{8,}}(?:-[0-9A-Za-z]{{8,}})+",
            f"xox{kind}-",
            alphabet="0-9A-Za-z-",
            probe=rf"xox{kind}-(?:[0-9]{{1,3}}-)?[0-9A-Za-z]{{8}}",
            longest=512,
        )
        for kind, what in (
            ("b", "bot token"),
            ("p", "user token"),
            ("a", "workspace token"),
            ("e", "refresh token"),
            ("s", "session token"),
        )
    ),
    Shape(
        "slack-app",
        "Slack app token",
        r"xapp-[0-9]-[A-Z0-9]{8,}-[0-9]{8,}-[0-9a-f]{32,}",
        "xapp-",
        probe="xapp-[0-9]-[A-Z0-9]{8}",
        longest=512,
    ),
    Shape(
        "slack-webhook",
        "Slack webhook",
        r"T[A-Z0-9]{8,}/B[A-Z0-9]{8,}/[A-Za-z0-9]{24}",
        before=r"hooks\.slack\.com/services/",
        alphabet=WORD,
        probe=r"hooks\.slack\.com/services/T",
        longest=256,
    ),
    prefixed("stripe", "Stripe secret key", "sk_live_", (24, 200)),
    prefixed("stripe-test", "Stripe test key", "sk_test_", (24, 200)),
    prefixed("stripe-restricted", "Stripe restricted key", "rk_live_", (24, 200)),
    Shape(
        "discord",
        "Discord bot token",
        r"[MNO][A-Za-z0-9_-]{22,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}",
        check=is_discord_token,
        probe=r"\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27}",
        lead=(23, 28),
    ),
    Shape(
        "telegram",
        "Telegram bot token",
        r"[0-9]{8,10}:AA[A-Za-z0-9_-]{33}",
        probe=":AA[A-Za-z0-9_-]{33}",
        lead=(8, 10),
    ),
    Shape(
        "sendgrid",
        "SendGrid API key",
        r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
        "SG.",
    ),
    prefixed("twilio", "Twilio API key", "SK", (32, 32), HEX, edge=WORD),
)

_KEY_HEADER = r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
_LONG = 64 << 10

FORMS: tuple[Shape, ...] = (
    Shape(
        "private-key",
        "private key",
        r"(?:[A-Za-z0-9+/=:,.\s]|\\+[nrt]|-[A-Za-z0-9])+",
        before=_KEY_HEADER,
        alphabet="",
        check=is_key_block,
        probe=_KEY_HEADER,
        longest=_LONG,
    ),
    Shape(
        "jwt",
        "JSON Web Token",
        r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}",
        probe="eyJ[A-Za-z0-9_-]{10}",
        gate=begins_json_web_token,
        longest=_LONG,
    ),
    Shape(
        "basic-auth",
        "password in a URL",
        r"[^\s/@:\"'\\<>{}$*]{6,200}",
        before=r"[A-Za-z]://[^\s/@:\"'\\<>{}]{0,100}:",
        after=r"@[A-Za-z0-9]",
        alphabet="",
    ),
    Shape(
        "basic-login",
        "user and password in a header",
        "[A-Za-z0-9+/_-]{12,400}={0,2}",
        before=r"(?i:basic)(?:[ \t]{1,4}|%20|\+)",
        alphabet="A-Za-z0-9+/=_-",
        check=is_basic_login,
        probe=r"(?i:basic)(?:[ \t]{1,4}|%20|\+)[A-Za-z0-9+/_-]{12}",
    ),
)

SHAPES: tuple[Shape, ...] = (*MODELS, *CLOUDS, *FORGES, *SERVICES, *FORMS)
"""Every shape that the scanner looks for."""
