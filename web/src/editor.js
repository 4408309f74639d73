// The editor part: CodeMirror 6 behind the few calls that `src/ui/editor.rs` makes.
// Colours come from the page's CSS variables, so light and dark need no second theme here.

import { EditorState, Compartment } from "@codemirror/state";
import { EditorView, keymap, lineNumbers, highlightActiveLine, highlightActiveLineGutter, drawSelection } from "@codemirror/view";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting, foldGutter, foldKeymap } from "@codemirror/language";
import { lintGutter, setDiagnostics, lintKeymap } from "@codemirror/lint";
import { search, searchKeymap } from "@codemirror/search";
import { yaml } from "@codemirror/lang-yaml";
import { tags } from "@lezer/highlight";

const LOOK = EditorView.theme({
  "&": { height: "100%", fontSize: "13px", color: "var(--text)", backgroundColor: "var(--surface)" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-gutters": { backgroundColor: "var(--sunken)", color: "var(--muted)", borderRight: "1px solid var(--line)" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--accent) 8%, transparent)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--accent) 28%, transparent)",
  },
  ".cm-tooltip, .cm-panels": { backgroundColor: "var(--surface)", color: "var(--text)", border: "1px solid var(--line-strong)" },
  ".cm-diagnostic": { fontFamily: "var(--sans)" },
});

const COLOURS = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--accent)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--ready)" },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: "var(--vol)" },
  { tag: [tags.comment, tags.meta], color: "var(--faint)", fontStyle: "italic" },
]);

export class EditorPart {
  constructor(host, label, onChange, onSave) {
    this.language = new Compartment();
    this.quiet = false;
    const save = () => { onSave(this.text()); return true; };
    this.extensions = [
      lineNumbers(), foldGutter(), lintGutter(), history(), drawSelection(), indentOnInput(), indentUnit.of("  "),
      highlightActiveLine(), highlightActiveLineGutter(), search({ top: true }), syntaxHighlighting(COLOURS), LOOK,
      this.language.of(yaml()),
      EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
      keymap.of([{ key: "Mod-s", run: save, preventDefault: true }, indentWithTab,
        ...defaultKeymap, ...historyKeymap, ...searchKeymap, ...foldKeymap, ...lintKeymap]),
      EditorView.updateListener.of((update) => {
        if (update.docChanged && !this.quiet) onChange(update.state.doc.toString());
      }),
    ];
    this.view = new EditorView({ parent: host, state: this.fresh("") });
  }

  fresh(text) { return EditorState.create({ doc: text, extensions: this.extensions }); }
  text() { return this.view.state.doc.toString(); }
  // The host may be about to appear: what is hidden takes no focus.
  focus() { requestAnimationFrame(() => this.view.focus()); }

  /** Shows another file: its text, and whether it is YAML. The undo history starts anew. */
  open(text, isYaml) {
    this.quiet = true;
    this.view.setState(this.fresh(text));
    this.view.dispatch({ effects: this.language.reconfigure(isYaml ? yaml() : []) });
    this.quiet = false;
  }

  /** Marks problems, given as a flat list: line and column (from 1), severity, message, and again. */
  mark(flat) {
    const doc = this.view.state.doc;
    const found = [];
    for (let i = 0; i + 3 < flat.length; i += 4) {
      const line = doc.line(Math.min(Math.max(1, flat[i]), doc.lines));
      const from = Math.min(line.from + Math.max(0, flat[i + 1] - 1), line.to);
      found.push({ from, to: line.to, severity: flat[i + 2], message: flat[i + 3] });
    }
    // A dispatch inside an update is refused, and this may be called from one.
    setTimeout(() => this.view.dispatch(setDiagnostics(this.view.state, found)));
  }

  dispose() { this.view.destroy(); }
}
