//! What runs for an image that we do not have: it answers HTTP on its declared ports and says what it is.
//!
//! The kubelet passes the image's name in `STAND_IN_IMAGE` and the container's ports, separated by spaces or
//! commas, in `STAND_IN_PORTS`.

use crate::base::sort::InOrder;
use crate::base::time::Span;
use crate::os::{Errno, Program, Signal, Sys};

use super::support::http::{Answer, Message, Site, server};

/// `stand-in`.
pub(super) static STAND_IN: Program = Program {
    name: "stand-in",
    start: |argv| server(argv, StandIn { image: String::new(), host: String::new() }),
};

#[derive(Clone)]
struct StandIn {
    image: String,
    host: String,
}

impl Site for StandIn {
    fn start(&mut self, argv: &[String], sys: &mut Sys) -> Result<Vec<u16>, i32> {
        let variable = |name: &str| sys.env().get(name).cloned().unwrap_or_default();
        self.image = variable("STAND_IN_IMAGE");
        self.host = sys.hostname();
        let mut ports: Vec<u16> =
            variable("STAND_IN_PORTS").split([',', ' ']).filter_map(|p| p.parse().ok()).collect();
        ports.order();
        ports.dedup();
        sys.print(&format!(
            "This is a stand-in: the programs of image \"{}\" are not simulated.\n",
            self.image
        ));
        if argv.len() > 1 {
            sys.print(&format!("It was asked to run: {}\n", argv[1..].join(" ")));
        }
        let list: Vec<String> = ports.iter().map(u16::to_string).collect();
        match list.as_slice() {
            [] => sys.print("It declares no ports, so nothing is answered.\n"),
            [port] => sys.print(&format!("It answers HTTP on port {port}.\n")),
            ports => sys.print(&format!("It answers HTTP on ports {}.\n", ports.join(", "))),
        }
        Ok(ports)
    }

    fn port_taken(&mut self, port: u16, error: Errno, sys: &mut Sys) -> i32 {
        sys.eprint(&format!("stand-in: port {port}: {error}\n"));
        1
    }

    fn answer(&mut self, request: &Message, _: &str, sys: &mut Sys) -> Answer {
        sys.print(&format!("{} {}\n", request.word(0), request.word(1)));
        let body = format!(
            "Hello from {}: a stand-in for image \"{}\".\n{} {}\n",
            self.host,
            self.image,
            request.word(0),
            request.word(1)
        );
        let headers = vec![("Content-Type".to_owned(), "text/plain".to_owned())];
        Answer { status: 200, headers, body: body.into_bytes() }
    }

    fn server_header(&self) -> Option<String> {
        Some("stand-in".to_owned())
    }

    fn stop(&mut self, signal: Signal, sys: &mut Sys) -> Option<Span> {
        matches!(signal, Signal::Term | Signal::Int | Signal::Quit).then(|| {
            let wait = sys.rng("stand-in-stop", 0).range(200, 1_500);
            Span::millis(wait)
        })
    }
}
