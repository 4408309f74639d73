//! Motion in the picture: a pod that has moved slides from where it was, and lines join pods to their claims.

use crate::base::ordered::OrdMap;

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use crate::ui::prefs::prefers;
use crate::view::diagram::Diagram;

/// A line between a pod and a claim.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The two uids.
    pub key: String,
    /// The curve.
    pub path: String,
    /// Whether the pod runs with it already.
    pub solid: bool,
}

/// A box within the picture, in pixels.
#[derive(Clone, Copy, PartialEq)]
struct Place {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

/// Where things were drawn last.
#[derive(Default)]
pub struct Motion {
    places: OrdMap<String, Place>,
}

impl Motion {
    /// Starts the slides after a drawing and returns the lines.
    pub fn settle(&mut self, stage: &HtmlElement, diagram: &Diagram) -> Vec<Link> {
        let found = all(stage, "[data-uid]");
        let places: OrdMap<String, (HtmlElement, Place)> = found
            .into_iter()
            .filter_map(|element| {
                let place = place(&element, stage);
                Some((element.get_attribute("data-uid")?, (element, place)))
            })
            .collect();
        if !prefers("(prefers-reduced-motion: reduce)") {
            for (uid, (element, now)) in &places {
                if let Some(before) = self.places.get(uid) {
                    slide(element, *before, *now);
                }
            }
        }
        let links = links(diagram, &places);
        self.places = places.into_iter().map(|(uid, (_, place))| (uid, place)).collect();
        links
    }
}

fn all(stage: &HtmlElement, selector: &str) -> Vec<HtmlElement> {
    let Ok(list) = stage.query_selector_all(selector) else { return Vec::new() };
    (0..list.length()).filter_map(|i| list.item(i)?.dyn_into().ok()).collect()
}

/// The element's box within the stage, as laid out: slides under way do not count.
fn place(element: &HtmlElement, stage: &HtmlElement) -> Place {
    let (mut x, mut y) = (0.0, 0.0);
    let mut at = Some(element.clone());
    while let Some(here) = at.filter(|here| here != stage) {
        x += f64::from(here.offset_left());
        y += f64::from(here.offset_top());
        at = here.offset_parent().and_then(|parent: Element| parent.dyn_into().ok());
    }
    Place {
        x,
        y,
        width: f64::from(element.offset_width()),
        height: f64::from(element.offset_height()),
    }
}

fn slide(element: &HtmlElement, before: Place, now: Place) {
    let (dx, dy) = (before.x - now.x, before.y - now.y);
    if dx.abs() + dy.abs() < 4.0 {
        return;
    }
    let style = element.style();
    let _ = style.set_property("transition", "none");
    let _ = style.set_property("transform", &format!("translate({dx}px,{dy}px)"));
    // Reading the layout makes the browser take the start of the slide before its end.
    let _ = element.offset_width();
    let _ = style.remove_property("transition");
    let _ = style.remove_property("transform");
}

fn links(diagram: &Diagram, places: &OrdMap<String, (HtmlElement, Place)>) -> Vec<Link> {
    let pods = diagram.groups.iter().flat_map(|group| &group.pods).chain(&diagram.waiting);
    let pairs = pods.flat_map(|pod| pod.claims.iter().map(move |claim| (pod, claim)));
    pairs
        .filter_map(|(pod, claim)| {
            let (from, to) = (places.get(&pod.uid)?.1, places.get(claim)?.1);
            let key = format!("{}-{claim}", pod.uid);
            Some(Link { key, path: curve(from, to), solid: pod.state.progress >= 90 })
        })
        .collect()
}

/// From the lower edge of a pod to the upper edge of a claim.
fn curve(from: Place, to: Place) -> String {
    let (x1, y1) = (from.x + from.width / 2.0, from.y + from.height);
    let (x2, y2) = (to.x + to.width / 2.0, to.y);
    let middle = f64::midpoint(y1, y2);
    format!("M{x1:.0} {y1:.0}C{x1:.0} {:.0} {x2:.0} {middle:.0} {x2:.0} {y2:.0}", middle + 20.0)
}
