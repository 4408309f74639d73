// The door from the Rust side to the parts that are JavaScript.
// Each part is a chunk of its own that is loaded when it is first asked for, so the first paint waits for neither.

/** Loads the terminal part and opens a terminal in `host`. */
export async function openTerminal(host, label, onData, onResize) {
  const { TerminalPart } = await import("./terminal.js");
  return new TerminalPart(host, label, onData, onResize);
}

/** Loads the editor part and opens an editor in `host`. */
export async function openEditor(host, label, onChange, onSave) {
  const { EditorPart } = await import("./editor.js");
  return new EditorPart(host, label, onChange, onSave);
}
