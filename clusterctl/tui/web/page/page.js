// Tells textual_serve's script where its websocket is, and starts it once the font is there: it measures a letter once.
const SIZES = { least: 8, usual: 15, most: 40 };

function fontSize() {
  const asked = Number.parseInt(new URLSearchParams(location.search).get("fontsize") ?? "", 10);
  return Number.isNaN(asked) ? SIZES.usual : Math.min(Math.max(asked, SIZES.least), SIZES.most);
}

async function begin() {
  const terminal = document.getElementById("terminal");
  const size = fontSize();
  terminal.dataset.fontSize = size;
  terminal.dataset.sessionWebsocketUrl = `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/ws`;
  try {
    await Promise.all([document.fonts.load(`${size}px "Roboto Mono"`), document.fonts.load(`bold ${size}px "Roboto Mono"`)]);
  } catch {
    // Any other fixed-width font will do.
  }
  const script = document.createElement("script");
  script.src = "/static/js/textual.js";
  script.onload = () => {
    const start = window.onload; // it waits for a moment that may have passed, or may be still to come: once is enough
    window.onload = null;
    start(new Event("load"));
    terminal.querySelector("textarea")?.focus();
  };
  document.head.append(script);
}

begin();
