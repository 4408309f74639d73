//! The files pane: the learner's files, and the editor.

use std::rc::Rc;

use web_sys::HtmlElement;
use yew::prelude::*;

use crate::session::Edit;
use crate::ui::js;
use crate::ui::msg::{Files, Msg, Send, Side};

/// The file in the editor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OpenFile {
    /// Its path.
    pub path: String,
    /// Whether the text differs from the file.
    pub changed: bool,
    /// The program's wish, if a program waits for the editor.
    pub edit: Option<Edit>,
    /// How many errors the text has.
    pub errors: usize,
}

impl OpenFile {
    /// Whether it is to be checked as YAML.
    pub fn is_yaml(&self) -> bool {
        let end = self.path.rsplit('.').next().unwrap_or_default();
        end == "yaml"
            || end == "yml"
            || self.edit.as_ref().is_some_and(|edit| edit.program == "kubectl")
    }
}

/// Props of [`FilesPane`].
#[derive(Properties, PartialEq)]
pub struct Props {
    pub files: Rc<[String]>,
    pub open: Option<OpenFile>,
    pub send: Send,
}

/// The pane.
#[component]
pub fn FilesPane(props: &Props) -> Html {
    let here = props.open.as_ref().map(|open| open.path.as_str());
    let file = |path: &String| {
        let (on, to) = (here == Some(path), path.clone());
        html! {
            <li><button class={classes!(on.then_some("on"))} aria-pressed={on.to_string()}
                onclick={props.send.reform(move |_| Msg::Files(Files::Open(to.clone())))}>{ path }</button></li>
        }
    };
    html! {
        <div class="files">
            <header><h2>{ "Files" }</h2><span class="grow" />
                <button class="ghost icon" aria-label="Close the files" onclick={props.send.reform(|_| Msg::Side(Side::Inspector))}>{ "×" }</button>
            </header>
            <ul class="file-list" aria-label="Files in your home directory">{ for props.files.iter().map(file) }</ul>
            <NewFile send={props.send.clone()} />
            if let Some(open) = &props.open { { file_bar(open, &props.send) } }
            <EditorHost send={props.send.clone()} shown={props.open.is_some()} />
            if props.open.is_none() { <p class="nothing">{ "Open a file to read or change it." }</p> }
        </div>
    }
}

fn file_bar(open: &OpenFile, send: &Send) -> Html {
    let button = |label: &'static str, class: &'static str, enabled: bool, make: fn() -> Files| {
        html! { <button {class} disabled={!enabled} onclick={send.reform(move |_| Msg::Files(make()))}>{ label }</button> }
    };
    let name = open.path.rsplit('/').next().unwrap_or_default();
    let note = match open {
        OpenFile { errors: 1, .. } => "1 problem".to_owned(),
        OpenFile { errors, .. } if *errors > 0 => format!("{errors} problems"),
        OpenFile { edit: Some(edit), .. } => format!("{} waits for you", edit.program),
        OpenFile { changed: true, .. } => "changed".to_owned(),
        _ => String::new(),
    };
    let buttons = if open.edit.is_some() {
        html! { <>{ button("Save and close", "primary", true, || Files::Save) }{ button("Cancel", "ghost", true, || Files::Close) }</> }
    } else {
        html! {
            <>
                if open.is_yaml() { { button("Apply", "secondary", true, || Files::Apply) } }
                { button("Save", "primary", open.changed, || Files::Save) }
                { button("Close", "ghost", true, || Files::Close) }
            </>
        }
    };
    html! {
        <div class="file-bar">
            <b title={open.path.clone()}>{ name }</b><span class="file-note" role="status">{ note }</span><span class="grow" />
            { buttons }
        </div>
    }
}

/// Props of [`NewFile`].
#[derive(Properties, PartialEq)]
struct NewFileProps {
    send: Send,
}

/// Makes a file.
#[component]
fn NewFile(props: &NewFileProps) -> Html {
    let input = use_node_ref();
    let submit = {
        let (input, send) = (input.clone(), props.send.clone());
        Callback::from(move |e: SubmitEvent| {
            e.prevent_default();
            let Some(input) = input.cast::<web_sys::HtmlInputElement>() else { return };
            let name = input.value().trim().to_owned();
            if !name.is_empty() {
                input.set_value("");
                send.emit(Msg::Files(Files::New(name)));
            }
        })
    };
    html! {
        <form class="new-file" onsubmit={submit}>
            <input ref={input} aria-label="Name of a new file" placeholder="new-file.yaml" maxlength="120" autocomplete="off" spellcheck="false" />
            <button class="ghost">{ "New" }</button>
        </form>
    }
}

/// Props of [`EditorHost`].
#[derive(Properties, PartialEq)]
struct HostProps {
    send: Send,
    shown: bool,
}

/// The element that CodeMirror draws into. It is loaded when the pane is first opened.
#[component]
fn EditorHost(props: &HostProps) -> Html {
    let host = use_node_ref();
    {
        let host = host.clone();
        use_effect_with(props.send.clone(), move |send| {
            if let Some(host) = host.cast::<HtmlElement>() {
                wasm_bindgen_futures::spawn_local(open_editor(host, send.clone()));
            }
        });
    }
    html! { <div class={classes!("editor-host", (!props.shown).then_some("hidden"))} ref={host} /> }
}

async fn open_editor(host: HtmlElement, send: Send) {
    let (change, save) = (send.clone(), send.clone());
    let on_change = move |text| change.emit(Msg::Files(Files::Edited(text)));
    let on_save = move |_: String| save.emit(Msg::Files(Files::Save));
    match js::Editor::open(host, "Editor".into(), on_change, on_save).await {
        Some(editor) => send.emit(Msg::Files(Files::EditorOpen(Rc::new(editor)))),
        None => send.emit(Msg::PartMissing("editor")),
    }
}
