//! The few drawings of the page.

use yew::prelude::*;

use crate::view::Look;

/// The brand's mark.
pub fn brand() -> Html {
    html! {
        <svg width="22" height="22" viewBox="0 0 24 24" aria-hidden="true">
            <path d="M2 8a3 3 0 0 1 3-3h4.2a2 2 0 0 1 1.7 1l1 1.6a2 2 0 0 0 1.7 1H19a3 3 0 0 1 3 3V17a3 3 0 0 1-3 3H5a3 3 0 0 1-3-3z" fill="var(--accent)" />
            <path d="m12 10.2 3.3 1.9v3.8L12 17.8l-3.3-1.9v-3.8z" fill="none" stroke="var(--on-accent)" stroke-width="1.5" stroke-linejoin="round" />
        </svg>
    }
}

/// A pod's ring: how far it has come, and a sign inside for its look.
pub fn ring(look: Look, progress: u8) -> Html {
    const ROUND: f64 = 66.0;
    let rest = ROUND * (1.0 - f64::from(progress.min(100)) / 100.0);
    let sign = match look {
        Look::Good => "m8.5 13.2 3 3 6-6.2",
        Look::Done => "M9 9.5h8v7H9z",
        Look::Busy => "M13 8v7m-3-2.6 3 3 3-3",
        Look::Leaving => "M9 13h8",
        Look::Bad => "m9.5 9.5 7 7m0-7-7 7",
    };
    html! {
        <svg class="ring" width="26" height="26" viewBox="0 0 26 26" aria-hidden="true">
            <circle class="rail" cx="13" cy="13" r="10.5" />
            <circle class="arc" cx="13" cy="13" r="10.5" transform="rotate(-90 13 13)" style={format!("stroke-dashoffset:{rest:.1}")} />
            <path d={sign} />
        </svg>
    }
}

/// A drum: storage.
pub fn drum() -> Html {
    html! {
        <svg class="drum" width="15" height="16" viewBox="0 0 15 16" aria-hidden="true">
            <path d="M1 3.2v9.6C1 14.3 3.9 15.5 7.5 15.5S14 14.3 14 12.8V3.2M1 3.2C1 4.7 3.9 5.9 7.5 5.9S14 4.7 14 3.2 11.1.5 7.5.5 1 1.7 1 3.2Z" />
        </svg>
    }
}

/// Half light, half dark.
pub fn contrast() -> Html {
    html! {
        <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
            <circle cx="8" cy="8" r="6.5" fill="none" stroke="currentColor" stroke-width="1.5" />
            <path d="M8 1.5a6.5 6.5 0 0 1 0 13z" fill="currentColor" />
        </svg>
    }
}

/// Two bars, or a triangle while time stands still.
pub fn pause(paused: bool) -> Html {
    let path = if paused { "M4 2.5v11l9-5.5z" } else { "M4 2.5h3v11H4zM9 2.5h3v11H9z" };
    html! { <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true"><path d={path} fill="currentColor" /></svg> }
}
