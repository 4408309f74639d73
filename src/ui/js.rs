//! The JavaScript parts of the page as Rust sees them; their source is in `web/src`.

use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

use crate::view::lint::{Remark, Severity};

#[wasm_bindgen(raw_module = "./vendor/parts.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = openTerminal)]
    async fn open_terminal_part(
        host: &HtmlElement,
        label: &str,
        on_data: &Closure<dyn FnMut(String)>,
        on_resize: &Closure<dyn FnMut(u16, u16)>,
    ) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_name = openEditor)]
    async fn open_editor_part(
        host: &HtmlElement,
        label: &str,
        on_change: &Closure<dyn FnMut(String)>,
        on_save: &Closure<dyn FnMut(String)>,
    ) -> Result<JsValue, JsValue>;
}

// A block of its own: these names are not exports of the module above.
#[wasm_bindgen]
extern "C" {
    /// A terminal on the page.
    type TerminalPart;
    #[wasm_bindgen(method)]
    fn write(this: &TerminalPart, bytes: &[u8]);
    #[wasm_bindgen(method)]
    fn focus(this: &TerminalPart);
    #[wasm_bindgen(method)]
    fn reset(this: &TerminalPart);
    #[wasm_bindgen(method)]
    fn dispose(this: &TerminalPart);
    #[wasm_bindgen(method, js_name = refreshTheme)]
    fn refresh_theme(this: &TerminalPart);

    /// An editor on the page.
    type EditorPart;
    #[wasm_bindgen(method, js_name = focus)]
    fn focus_editor(this: &EditorPart);
    #[wasm_bindgen(method)]
    fn open(this: &EditorPart, text: &str, is_yaml: bool);
    #[wasm_bindgen(method)]
    fn mark(this: &EditorPart, flat: &js_sys::Array);
    #[wasm_bindgen(method, js_name = dispose)]
    fn dispose_editor(this: &EditorPart);
}

/// An open terminal and the callbacks that it holds.
pub struct Terminal {
    part: TerminalPart,
    _on_data: Closure<dyn FnMut(String)>,
    _on_resize: Closure<dyn FnMut(u16, u16)>,
}

impl Terminal {
    /// Loads the terminal part if need be and opens a terminal in `host`; `None` when it cannot be loaded.
    pub async fn open(
        host: HtmlElement,
        label: String,
        on_data: impl FnMut(String) + 'static,
        on_resize: impl FnMut(u16, u16) + 'static,
    ) -> Option<Terminal> {
        let on_data = Closure::new(on_data);
        let on_resize = Closure::new(on_resize);
        let part = open_terminal_part(&host, &label, &on_data, &on_resize).await.ok()?;
        Some(Terminal { part: part.unchecked_into(), _on_data: on_data, _on_resize: on_resize })
    }

    /// Shows text and control sequences, in UTF-8.
    pub fn write(&self, bytes: &[u8]) {
        self.part.write(bytes);
    }

    /// Takes the keyboard.
    pub fn focus(&self) {
        self.part.focus();
    }

    /// Clears the screen, the scrollback and every mode.
    pub fn reset(&self) {
        self.part.reset();
    }

    /// Takes the colours of the page's theme anew.
    pub fn refresh_theme(&self) {
        self.part.refresh_theme();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.part.dispose();
    }
}

/// An open editor and the callbacks that it holds.
pub struct Editor {
    part: EditorPart,
    _on_change: Closure<dyn FnMut(String)>,
    _on_save: Closure<dyn FnMut(String)>,
}

impl Editor {
    /// Loads the editor part if need be and opens an editor in `host`; `None` when it cannot be loaded.
    pub async fn open(
        host: HtmlElement,
        label: String,
        on_change: impl FnMut(String) + 'static,
        on_save: impl FnMut(String) + 'static,
    ) -> Option<Editor> {
        let on_change = Closure::new(on_change);
        let on_save = Closure::new(on_save);
        let part = open_editor_part(&host, &label, &on_change, &on_save).await.ok()?;
        Some(Editor { part: part.unchecked_into(), _on_change: on_change, _on_save: on_save })
    }

    /// Shows another text.
    pub fn show(&self, text: &str, is_yaml: bool) {
        self.part.open(text, is_yaml);
    }

    /// Replaces the remarks.
    pub fn mark(&self, remarks: &[Remark]) {
        let flat = js_sys::Array::new();
        for remark in remarks {
            let severity = if remark.severity == Severity::Error { "error" } else { "warning" };
            flat.push(&(remark.line as f64).into());
            flat.push(&(remark.column as f64).into());
            flat.push(&severity.into());
            flat.push(&remark.message.as_str().into());
        }
        self.part.mark(&flat);
    }

    /// Takes the keyboard.
    pub fn focus(&self) {
        self.part.focus_editor();
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        self.part.dispose_editor();
    }
}
