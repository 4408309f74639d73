//! The app: owns the session and everything that the page remembers, and decides what each message does.

use crate::base::ordered::{OrdMap, OrdSet};
use std::rc::Rc;

use gloo::events::{EventListener, EventListenerOptions};
use gloo::render::{AnimationFrame, request_animation_frame};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};
use yew::prelude::*;

use crate::session::Edit;
use crate::ui::about::About;
use crate::ui::editor::{FilesPane, OpenFile};
use crate::ui::engine::{Effect, Engine, all_lessons};
use crate::ui::inspector::InspectorPane;
use crate::ui::js;
use crate::ui::lesson::LessonPane;
use crate::ui::msg::{Clock, Edge, Files, Lesson, Msg, Narrow, Send, Side, Tab};
use crate::ui::picture::Picture;
use crate::ui::prefs::Prefs;
use crate::ui::split::Separator;
use crate::ui::store::{self, Saved};
use crate::ui::terminal::{TerminalTab, Terminals};
use crate::ui::top_bar::TopBar;
use crate::view;
use crate::view::diagram::{Diagram, Grouping, Options};
use crate::view::inspector::{Inspector, Pick};
use crate::view::lesson::LessonView;

/// The longest stretch of real time that one frame makes up for, in seconds.
const LONGEST_FRAME: f64 = 0.1;

/// The app.
pub struct App {
    send: Send,
    engine: Engine,
    prefs: Prefs,
    views: Views,
    /// Whether the learner has done something since the session was last kept, and when that was.
    unsaved: bool,
    saved_at: f64,
    last_frame: Option<f64>,
    paused: bool,
    options: Options,
    picked: Option<Pick>,
    tab: Tab,
    side: Side,
    narrow: Narrow,
    terminals: OrdMap<u32, Rc<js::Terminal>>,
    sizes: OrdMap<u32, (u16, u16)>,
    /// What a terminal printed before its part was open.
    unshown: OrdMap<u32, Vec<u8>>,
    front: u32,
    right: u32,
    editor: Option<Rc<js::Editor>>,
    open: Option<OpenFile>,
    text: String,
    about: bool,
    notices: Vec<(usize, String)>,
    /// Images of which a notice has said that they are not simulated.
    told: OrdSet<String>,
    next_notice: usize,
    /// Dropping it would cancel the frame.
    next_frame: AnimationFrame,
    _listeners: Vec<EventListener>,
}

/// Real milliseconds between two savings of the session.
const SAVE_EVERY_MS: f64 = 1500.0;

/// The session of the last visit, or a new one with the first lesson.
fn first_engine() -> Engine {
    let first = || all_lessons().into_iter().next().map(|(name, _)| name).unwrap_or_default();
    let Some(saved) = Saved::load() else { return Engine::new(&first()) };
    let doubtful = store::is_doubtful();
    store::doubt(true);
    let engine = if doubtful || saved.log.is_null() {
        let mut engine = Engine::new(&saved.lesson);
        engine.restore_progress(&saved);
        engine
    } else {
        Engine::restore(&saved)
    };
    store::doubt(false);
    engine
}

/// What is drawn, made anew only when the session has changed.
#[derive(Default)]
struct Views {
    revision: Option<(u64, u64)>,
    clock: AttrValue,
    diagram: Rc<Diagram>,
    inspector: Option<Rc<Inspector>>,
    lesson: Option<Rc<LessonView>>,
    lessons: Rc<[(String, String)]>,
    namespaces: Rc<[String]>,
    files: Rc<[String]>,
    terminals: Rc<[TerminalTab]>,
}

impl Component for App {
    type Message = Msg;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> App {
        let send = ctx.link().callback(|msg| msg);
        let prefs = Prefs::load();
        prefs.theme.apply();
        let mut app = App {
            engine: first_engine(),
            prefs,
            views: Views { lessons: all_lessons().into(), ..Views::default() },
            unsaved: false,
            saved_at: 0.0,
            last_frame: None,
            paused: false,
            options: Options { namespace: Some("default".into()), by: Grouping::Node },
            picked: None,
            tab: Tab::default(),
            side: Side::default(),
            narrow: Narrow::default(),
            terminals: OrdMap::new(),
            sizes: OrdMap::new(),
            unshown: OrdMap::new(),
            front: 1,
            right: 2,
            editor: None,
            open: None,
            text: String::new(),
            about: false,
            notices: Vec::new(),
            told: OrdSet::new(),
            next_notice: 0,
            next_frame: frame(&send),
            _listeners: listeners(&send),
            send,
        };
        app.refresh();
        app
    }

    fn update(&mut self, _: &Context<Self>, msg: Msg) -> bool {
        if let Msg::Frame(at) = msg {
            return self.on_frame(at);
        }
        self.on(msg);
        self.refresh();
        true
    }

    fn view(&self, _: &Context<Self>) -> Html {
        let narrow = match self.narrow {
            Narrow::Lesson => "lesson",
            Narrow::Terminal => "terminal",
            Narrow::Side => "side",
        };
        html! {
            <div class="app" data-tab={narrow} style={self.prefs.style()}>
                <TopBar lessons={self.views.lessons.clone()} lesson={self.lesson_id()} clock={self.views.clock.clone()}
                    paused={self.paused} speed={self.prefs.speed} theme={self.prefs.theme} send={self.send.clone()} />
                <LessonPane lesson={self.views.lesson.clone()} send={self.send.clone()} />
                { self.separator(Edge::Left, "Boundary between lesson and picture") }
                <main class="stage">
                    <Picture diagram={self.views.diagram.clone()} options={self.options.clone()} namespaces={self.views.namespaces.clone()}
                        picked={self.picked.clone()} side={self.side} paused={self.paused} size={self.size_key()} send={self.send.clone()} />
                    { self.separator(Edge::Bottom, "Boundary between picture and terminals") }
                    { self.narrow_tabs() }
                    <Terminals tabs={self.views.terminals.clone()} front={self.front} right={self.right} prefs={self.prefs.clone()} send={self.send.clone()} />
                </main>
                { self.separator(Edge::Right, "Boundary between picture and inspector") }
                { self.side_pane() }
                { self.notices() }
                if self.about { <About send={self.send.clone()} /> }
            </div>
        }
    }
}

/// Asks for the next animation frame.
fn frame(send: &Send) -> AnimationFrame {
    let send = send.clone();
    request_animation_frame(move |at| send.emit(Msg::Frame(at)))
}

/// Keys and window sizes that concern the whole page.
fn listeners(send: &Send) -> Vec<EventListener> {
    let keys = send.clone();
    let options =
        EventListenerOptions { phase: gloo::events::EventListenerPhase::Capture, passive: false };
    let on_key = EventListener::new_with_options(
        &gloo::utils::document(),
        "keydown",
        options,
        move |event| {
            let Some(event) = event.dyn_ref::<KeyboardEvent>() else { return };
            if event.key() == "F6" {
                event.prevent_default();
                keys.emit(Msg::NextPane(!event.shift_key()));
            }
        },
    );
    let sizes = send.clone();
    let on_size = EventListener::new(&gloo::utils::window(), "resize", move |_| {
        sizes.emit(Msg::Redraw);
    });
    vec![on_key, on_size]
}

/// Drawing.
impl App {
    fn lesson_id(&self) -> String {
        self.views.lesson.as_ref().map(|lesson| lesson.id.clone()).unwrap_or_default()
    }

    /// Changes whenever the picture's size may have.
    fn size_key(&self) -> String {
        let window = gloo::utils::window();
        let size = [window.inner_width(), window.inner_height()]
            .map(|side| side.ok().and_then(|v| v.as_f64()).unwrap_or(0.0));
        format!("{} {size:?}", self.prefs.style())
    }

    fn separator(&self, edge: Edge, label: &'static str) -> Html {
        html! { <Separator {edge} prefs={self.prefs.clone()} {label} send={self.send.clone()} /> }
    }

    fn side_pane(&self) -> Html {
        let files = self.side == Side::Files;
        html! {
            <aside class="side" aria-label={if files { "Files and editor" } else { "Inspector" }} tabindex="-1">
                if files {
                    <FilesPane files={self.views.files.clone()} open={self.open.clone()} send={self.send.clone()} />
                } else {
                    <InspectorPane object={self.views.inspector.clone()} tab={self.tab} send={self.send.clone()} />
                }
            </aside>
        }
    }

    /// The tabs of a narrow screen.
    fn narrow_tabs(&self) -> Html {
        let tab = |on: bool, label: &str, msg: fn(u32) -> Msg, n: u32| {
            html! {
                <button class={classes!(on.then_some("on"))} aria-pressed={on.to_string()}
                    onclick={self.send.reform(move |_| msg(n))}>{ label }</button>
            }
        };
        let terminal = |n: u32, label: &str| {
            let on = self.narrow == Narrow::Terminal
                && if n == 1 { self.front == 1 } else { self.front != 1 };
            tab(on, label, Msg::ShowTerminal, if n == 1 { 1 } else { self.right })
        };
        let side = |side: Side| self.narrow == Narrow::Side && self.side == side;
        html! {
            <nav class="narrow-tabs" aria-label="Panes">
                { tab(self.narrow == Narrow::Lesson, "Lesson", |_| Msg::Narrow(Narrow::Lesson), 0) }
                { terminal(1, "Terminal ①") }
                { terminal(2, "②") }
                { tab(side(Side::Files), "Editor", |_| Msg::Side(Side::Files), 0) }
                { tab(side(Side::Inspector), "Inspector", |_| Msg::Side(Side::Inspector), 0) }
            </nav>
        }
    }

    fn notices(&self) -> Html {
        let notice = |(id, text): &(usize, String)| {
            let id = *id;
            html! {
                <li key={id}><span>{ text }</span>
                    <button class="ghost icon" aria-label="Dismiss" onclick={self.send.reform(move |_| Msg::Dismiss(id))}>{ "×" }</button>
                </li>
            }
        };
        html! { <ul class="notices" aria-live="polite" aria-label="Notices">{ for self.notices.iter().map(notice) }</ul> }
    }
}

/// Deciding.
impl App {
    /// Lets time pass; draws only when something has changed.
    fn on_frame(&mut self, at: f64) -> bool {
        self.next_frame = frame(&self.send);
        let passed =
            self.last_frame.map_or(0.0, |last| (at - last) / 1000.0).clamp(0.0, LONGEST_FRAME);
        self.last_frame = Some(at);
        if self.unsaved && at - self.saved_at > SAVE_EVERY_MS {
            (self.unsaved, self.saved_at) = (false, at);
            self.engine.save().keep();
        }
        if self.paused {
            return false;
        }
        let shown = self.notices.len();
        let effects = self.engine.advance(passed * f64::from(self.prefs.speed));
        let asked = self.carry_out(effects);
        self.refresh() || asked || shown != self.notices.len()
    }

    /// Makes the views anew if the session has changed; whether anything has.
    fn refresh(&mut self) -> bool {
        let views = &mut self.views;
        let clock = view::clock(self.engine.elapsed());
        let ticked = views.clock.as_str() != clock;
        if ticked {
            views.clock = clock.into();
        }
        let revision = self.engine.revision();
        let dirty = views.revision != Some(revision);
        if !ticked && !dirty {
            return false;
        }
        keep(&mut views.diagram, self.engine.diagram(&self.options));
        self.tell_of_stand_ins();
        let views = &mut self.views;
        let inspector = self.picked.as_ref().map(|pick| self.engine.inspect(pick));
        keep_option(&mut views.inspector, inspector);
        if dirty {
            keep_option(&mut views.lesson, self.engine.lesson());
            keep_list(&mut views.namespaces, self.engine.namespaces());
            keep_list(&mut views.files, self.engine.files());
            let tabs = self
                .engine
                .terminals()
                .into_iter()
                .map(|(number, title)| TerminalTab { number, title: title.into() });
            keep_list(&mut views.terminals, tabs.collect());
            views.revision = Some(revision);
        }
        true
    }

    /// Says once for each image that it is not simulated.
    fn tell_of_stand_ins(&mut self) {
        let diagram = self.views.diagram.clone();
        let pods = diagram.groups.iter().flat_map(|group| &group.pods);
        for image in pods.filter_map(|pod| pod.stand_in.as_ref()) {
            if self.told.insert(image.clone()) {
                self.notice(format!(
                    "{image} is not simulated. A stand-in runs for it: it answers on the ports that the pod declares, and does nothing else."
                ));
            }
        }
    }

    /// Everything but frames.
    fn on(&mut self, msg: Msg) {
        match msg {
            Msg::Frame(_) | Msg::Redraw => {}
            Msg::TerminalOpen(number, terminal) => self.on_terminal_open(number, terminal),
            Msg::PartMissing(part) => self
                .notice(format!("The {part} could not be loaded. Reload the page to try again.")),
            Msg::Data(number, text) => self.with_engine(|engine| engine.data(number, &text)),
            Msg::Size(number, columns, rows) => {
                self.sizes.insert(number, (columns, rows));
                self.with_engine(|engine| engine.size(number, columns, rows));
            }
            Msg::ShowTerminal(number) => self.show_terminal(number),
            Msg::AddTerminal => {
                let number = self.engine.open_terminal();
                self.show_terminal(number);
            }
            Msg::CloseTerminal(number) => self.close_terminal(number),
            Msg::Type(command) => self.type_command(&command),
            Msg::Clock(clock) => self.on_clock(clock),
            Msg::Pick(pick) => self.on_pick(pick),
            Msg::Tab(tab) => self.tab = tab,
            Msg::Side(side) => (self.side, self.narrow) = (side, Narrow::Side),
            Msg::Narrow(narrow) => self.narrow = narrow,
            Msg::Group(by) => self.options.by = by,
            Msg::Namespace(namespace) => self.options.namespace = namespace,
            Msg::Theme => self.on_theme(),
            Msg::Resize(edge, value) => self.on_resize(edge, value),
            Msg::Lesson(lesson) => self.on_lesson(lesson),
            Msg::Files(files) => self.on_files(files),
            Msg::About(open) => self.about = open,
            Msg::Dismiss(id) => self.notices.retain(|(other, _)| *other != id),
            Msg::NextPane(forward) => next_pane(forward),
        }
        self.views.revision = None;
        self.unsaved = true;
    }

    fn with_engine(&mut self, act: impl FnOnce(&mut Engine) -> Vec<Effect>) {
        let effects = act(&mut self.engine);
        self.carry_out(effects);
    }

    /// Does what the session wants of the page; whether the page must be drawn for it.
    fn carry_out(&mut self, effects: Vec<Effect>) -> bool {
        let mut draw = false;
        for effect in effects {
            match effect {
                Effect::Tty(number, bytes) => match self.terminals.get(&number) {
                    Some(terminal) => terminal.write(&bytes),
                    None => self.unshown.entry(number).or_default().extend(bytes),
                },
                Effect::Notice(text) => self.notice(text),
                Effect::Edit(edit) => {
                    self.open_edit(edit);
                    draw = true;
                }
                Effect::EditGone(id) => {
                    let is_gone =
                        |open: &OpenFile| open.edit.as_ref().is_some_and(|edit| edit.id == id);
                    if self.open.as_ref().is_some_and(is_gone) {
                        self.open = None;
                        draw = true;
                    }
                }
            }
        }
        draw
    }

    fn notice(&mut self, text: String) {
        if self.notices.iter().any(|(_, other)| *other == text) {
            return;
        }
        self.notices.push((self.next_notice, text));
        self.next_notice += 1;
    }

    fn on_clock(&mut self, clock: Clock) {
        match clock {
            Clock::Toggle => self.paused = !self.paused,
            Clock::Step => self.with_engine(|engine| engine.advance(1.0)),
            Clock::Speed(speed) => {
                self.prefs.speed = speed;
                self.paused = false;
                self.prefs.save();
            }
            Clock::NextChange => self.with_engine(Engine::next_change),
        }
    }

    fn on_pick(&mut self, pick: Option<Pick>) {
        if pick.is_some() {
            self.side = Side::Inspector;
        }
        if pick.is_none() {
            self.views.inspector = None;
        }
        self.picked = pick;
    }

    fn on_theme(&mut self) {
        self.prefs.theme = self.prefs.theme.next();
        self.prefs.theme.apply();
        self.prefs.save();
        for terminal in self.terminals.values() {
            terminal.refresh_theme();
        }
    }

    /// A boundary was moved.
    fn on_resize(&mut self, edge: Edge, value: f64) {
        self.prefs.set_edge(edge, value);
        self.prefs.save();
    }
}

/// Terminals.
impl App {
    fn on_terminal_open(&mut self, number: u32, terminal: Rc<js::Terminal>) {
        if let Some(bytes) = self.unshown.remove(&number) {
            terminal.write(&bytes);
        }
        if number == self.front && is_wide() {
            terminal.focus();
        }
        self.terminals.insert(number, terminal);
    }

    fn show_terminal(&mut self, number: u32) {
        self.narrow = Narrow::Terminal;
        if number != 1 {
            self.right = number;
        }
        if self.front == number {
            return;
        }
        self.front = number;
        if let Some(terminal) = self.terminals.get(&number) {
            terminal.focus();
        }
    }

    /// Tells a new session the sizes of the terminals; it has only the two that every session opens with.
    fn resize_terminals(&mut self) {
        self.terminals.retain(|number, _| *number <= 2);
        self.sizes.retain(|number, _| *number <= 2);
        (self.front, self.right) = (self.front.min(2), 2);
        for (number, (columns, rows)) in self.sizes.clone() {
            self.with_engine(|engine| engine.size(number, columns, rows));
        }
    }

    fn close_terminal(&mut self, number: u32) {
        self.engine.close_terminal(number);
        self.terminals.remove(&number);
        self.unshown.remove(&number);
        self.show_terminal(2);
    }

    fn type_command(&mut self, command: &str) {
        let number = self.front;
        self.with_engine(|engine| engine.data(number, &format!("{command}\r")));
    }
}

/// The lesson.
impl App {
    fn on_lesson(&mut self, lesson: Lesson) {
        match lesson {
            Lesson::Choose(id) => self.start_lesson(&id),
            Lesson::Restart => self.start_lesson(&self.lesson_id()),
            Lesson::Run(id) => self.run_block(id),
            Lesson::Stop(number) => self.with_engine(|engine| engine.interrupt(number)),
            Lesson::GoTo(step) => self.with_engine(|engine| engine.go_to(step)),
        }
    }

    fn start_lesson(&mut self, id: &str) {
        (self.picked, self.open) = (None, None);
        self.unshown.clear();
        for terminal in self.terminals.values() {
            terminal.reset();
        }
        self.engine = Engine::new(id);
        store::forget();
        self.resize_terminals();
    }

    fn run_block(&mut self, id: usize) {
        let Some(lesson) = self.views.lesson.clone() else { return };
        let Some(block) = lesson.block(id) else { return };
        self.with_engine(|engine| engine.run_block(lesson.current, block));
        self.show_terminal(block.terminal);
    }
}

/// Files and the editor.
impl App {
    fn on_files(&mut self, files: Files) {
        match files {
            Files::EditorOpen(editor) => {
                self.editor = Some(editor);
                self.show_text();
            }
            Files::Open(path) => self.open_file(&path),
            Files::Edited(text) => self.on_text(text),
            Files::Save => self.save(),
            Files::Apply => {
                self.save();
                if let Some(open) = &self.open {
                    let command = format!("kubectl apply -f {}", open.path);
                    self.type_command(&command);
                }
            }
            Files::Close => {
                if let Some(Edit { id, .. }) = self.open.take().and_then(|open| open.edit) {
                    self.with_engine(|engine| engine.edited(id, None));
                }
            }
            Files::New(path) => {
                if self.engine.read(&path).is_none() {
                    self.with_engine(|engine| engine.write(&path, ""));
                }
                self.open_file(&path);
            }
        }
    }

    fn open_file(&mut self, path: &str) {
        match self.engine.read(path) {
            Some(text) => {
                self.open_text(OpenFile { path: path.to_owned(), ..OpenFile::default() }, text);
            }
            None => self.notice(format!("{path} cannot be shown: it is not a text file.")),
        }
    }

    /// Shows a file that a program wants edited.
    fn open_edit(&mut self, edit: Edit) {
        let text = self.engine.edit_text(&edit);
        let path = edit.path.clone();
        self.open_text(OpenFile { path, edit: Some(edit), ..OpenFile::default() }, text);
    }

    fn open_text(&mut self, open: OpenFile, text: String) {
        (self.open, self.text) = (Some(open), text);
        (self.side, self.narrow) = (Side::Files, Narrow::Side);
        self.show_text();
    }

    fn show_text(&mut self) {
        if let (Some(editor), Some(open)) = (&self.editor, &self.open) {
            editor.show(&self.text, open.is_yaml());
            editor.focus();
        }
        self.lint();
    }

    fn on_text(&mut self, text: String) {
        self.text = text;
        if let Some(open) = &mut self.open {
            open.changed = true;
        }
        self.lint();
    }

    fn lint(&mut self) {
        let Some(open) = &mut self.open else { return };
        let remarks = if open.is_yaml() { self.engine.lint(&self.text) } else { Vec::new() };
        open.errors = remarks.len();
        if let Some(editor) = &self.editor {
            editor.mark(&remarks);
        }
    }

    /// Writes the text into its file; a program that waits for it goes on.
    fn save(&mut self) {
        let text = self.text.clone();
        let Some(open) = &mut self.open else { return };
        open.changed = false;
        let path = open.path.clone();
        match open.edit.take() {
            Some(edit) => {
                self.open = None;
                self.with_engine(|engine| engine.edited(edit.id, Some(text)));
            }
            None => self.with_engine(|engine| engine.write(&path, &text)),
        }
    }
}

/// Gives the keyboard to the pane after (or before) the one that has it.
fn next_pane(forward: bool) {
    const PANES: [&str; 4] = [".lesson", ".picture", ".terms", ".side"];
    let document = gloo::utils::document();
    let active = document.active_element();
    let holds =
        |selector: &str| active.as_ref().and_then(|e| e.closest(selector).ok().flatten()).is_some();
    let here = PANES.iter().position(|pane| holds(pane));
    let order: Vec<usize> = (1..=PANES.len())
        .map(|step| {
            let from = here.unwrap_or(if forward { PANES.len() - 1 } else { 0 });
            if forward { from + step } else { from + PANES.len() * 2 - step }
        })
        .collect();
    for index in order {
        let pane = document.query_selector(PANES[index % PANES.len()]).ok().flatten();
        let Some(pane) =
            pane.and_then(|e| e.dyn_into::<HtmlElement>().ok()).filter(|e| e.offset_width() > 0)
        else {
            continue;
        };
        let inner = pane.query_selector(".term.front textarea").ok().flatten();
        let target = inner.and_then(|e| e.dyn_into::<HtmlElement>().ok()).unwrap_or(pane);
        let _ = target.focus();
        return;
    }
}

/// Whether the screen is wide. A narrow one is likely a phone, where focus would call up the keyboard.
fn is_wide() -> bool {
    !crate::ui::prefs::prefers("(max-width: 900px)")
}

/// Keeps the old value when the new one is equal, so that nothing below is drawn again.
fn keep<T: PartialEq>(place: &mut Rc<T>, value: T) {
    if **place != value {
        *place = Rc::new(value);
    }
}

fn keep_option<T: PartialEq>(place: &mut Option<Rc<T>>, value: Option<T>) {
    if place.as_deref() != value.as_ref() {
        *place = value.map(Rc::new);
    }
}

fn keep_list<T: PartialEq>(place: &mut Rc<[T]>, value: Vec<T>) {
    if **place != *value {
        *place = value.into();
    }
}
