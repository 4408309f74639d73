// The terminal part: xterm.js behind the few calls that `src/ui/terminal.rs` makes.
// It shows bytes and hands on keys; what they mean is decided in Rust.

import { Terminal } from "@xterm/xterm";
import { FitAddon } from "@xterm/addon-fit";
import { WebLinksAddon } from "@xterm/addon-web-links";
import css from "@xterm/xterm/css/xterm.css";

const ANSI = {
  black: "#1c2430", red: "#ff8a84", green: "#7fd3a6", yellow: "#f0c36a",
  blue: "#86a9ff", magenta: "#c9a6ff", cyan: "#74d3e0", white: "#d7dee9",
  brightBlack: "#8d99ab", brightRed: "#ffa8a3", brightGreen: "#a3e4c0", brightYellow: "#f7d791",
  brightBlue: "#a9c2ff", brightMagenta: "#dcc4ff", brightCyan: "#9fe3ec", brightWhite: "#ffffff",
};

function theme() {
  const style = getComputedStyle(document.documentElement);
  const background = style.getPropertyValue("--term").trim();
  const foreground = style.getPropertyValue("--term-text").trim();
  return { ...ANSI, background, foreground, cursor: foreground, cursorAccent: background, selectionBackground: "#3b5488" };
}

function addStyleOnce() {
  if (document.getElementById("terminal-part-style")) return;
  const style = document.createElement("style");
  style.id = "terminal-part-style";
  style.textContent = css;
  document.head.append(style);
}

export class TerminalPart {
  constructor(host, label, onData, onResize) {
    addStyleOnce();
    this.host = host;
    this.onResize = onResize;
    this.size = "";
    this.term = new Terminal({
      theme: theme(),
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--mono").trim(),
      fontSize: 12,
      lineHeight: 1.25,
      cursorBlink: false,
      scrollback: 5000,
      screenReaderMode: true,
      macOptionIsMeta: true,
      rightClickSelectsWord: false,
    });
    this.fitAddon = new FitAddon();
    this.term.loadAddon(this.fitAddon);
    this.term.loadAddon(new WebLinksAddon());
    this.term.open(host);
    this.term.textarea?.setAttribute("aria-label", label);
    this.term.attachCustomKeyEventHandler((event) => this.keep(event));
    this.term.onData(onData);
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(host);
    this.fit();
  }

  /** False for keys that belong to the page or the browser: moving between panes, copy and paste. */
  keep(event) {
    if (event.key === "F6") return false;
    if (event.type !== "keydown") return true;
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (command && key === "v") return false;
    if (command && key === "c" && this.term.hasSelection()) {
      navigator.clipboard?.writeText(this.term.getSelection()).catch(() => {});
      this.term.clearSelection();
      event.preventDefault();
      return false;
    }
    return true;
  }

  /** Fits the grid to the host and reports the new size, once per change. */
  fit() {
    if (!this.host.clientWidth || !this.host.clientHeight) return;
    this.fitAddon.fit();
    const size = `${this.term.cols}x${this.term.rows}`;
    if (size === this.size) return;
    this.size = size;
    this.onResize(this.term.cols, this.term.rows);
  }

  // The bytes lie in the memory of the module, which may move before xterm gets to them.
  write(bytes) { this.term.write(bytes.slice()); }
  focus() { this.term.focus(); }
  reset() { this.term.reset(); }
  refreshTheme() { this.term.options.theme = theme(); }

  /** The text on the screen and in the scrollback, for tests and for copying all. */
  text() {
    const buffer = this.term.buffer.active;
    const lines = [];
    for (let y = 0; y < buffer.length; y++) {
      const line = buffer.getLine(y);
      const text = line.translateToString(true);
      if (line.isWrapped && lines.length) lines[lines.length - 1] += text;
      else lines.push(text);
    }
    return lines.join("\n").trimEnd();
  }

  dispose() {
    this.observer.disconnect();
    this.term.dispose();
  }
}
