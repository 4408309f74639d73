//! A ZooKeeper server: takes part in elections, leads or follows, and serves clients while there is a quorum.
//!
//! Upstream: Apache ZooKeeper 3.4, server/quorum (FastLeaderElection, Leader, Learner, QuorumPeer) and the Zab paper.
//! Simplified: one proposal at a time; votes are asked for instead of broadcast; sessions end with their connection.

use crate::base::ordered::{OrdMap, OrdSet};
use std::collections::VecDeque;

use crate::base::time::{Span, Time};
use crate::base::value::Value;
use crate::os::{Fd, Process, Record, Signal, Step, Sys, Wait};
use crate::programs::zookeeper::client_side::Client;
use crate::programs::zookeeper::config::{Config, Member};
use crate::programs::zookeeper::storage::Storage;
use crate::programs::zookeeper::tree::{Op, Tree, Txn, Zxid};
use crate::programs::zookeeper::wire::Conn;
use crate::value;

/// Time between two rounds of asking for votes.
const ROUND: Span = Span::millis(250);
/// Votes older than this do not count.
const FRESH: Span = Span::millis(1200);
/// Exit code of a Java program that SIGTERM ends.
const TERMINATED: i32 = 143;

/// A server as a process.
#[derive(Clone)]
pub(super) struct Server {
    config_path: String,
    running: Option<Box<Running>>,
    stopping: bool,
}

/// Somebody's vote for itself, or the word that it leads or follows.
#[derive(Clone, Debug)]
struct Vote {
    rank: (i64, Zxid, i64),
    /// The leader that it knows, 0 for none.
    leader: i64,
    at: Time,
}

/// What a server does in the ensemble.
#[derive(Clone)]
enum Role {
    Looking,
    Following(Following),
    Leading(Leading),
}

#[derive(Clone)]
struct Following {
    leader: i64,
    conn: Conn,
    /// Whether the leader has said that its history is complete here.
    up_to_date: bool,
    heard: Time,
}

#[derive(Clone)]
struct Leading {
    epoch: i64,
    followers: OrdMap<i64, Follower>,
    begun: Time,
    active: bool,
    heard_quorum: Time,
    next_ping: Time,
    outstanding: Option<(Txn, OrdSet<i64>, Origin)>,
    queue: VecDeque<(Origin, Op)>,
    counter: i64,
}

#[derive(Clone)]
struct Follower {
    conn: Conn,
    accepted: bool,
    sent_history: bool,
    acknowledged: bool,
    accepted_epoch: i64,
    rank: Option<(i64, Zxid)>,
    heard: Time,
}

/// Where a request for a change came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A client of this server: its number and its request's.
    Here(u64, i64),
    /// A follower, with its own number for the request.
    There(i64, i64),
    /// Nobody waits.
    Nobody,
}

#[derive(Clone)]
pub(super) struct Running {
    pub(super) config: Config,
    pub(super) id: i64,
    pub(super) storage: Storage,
    pub(super) tree: Tree,
    /// The newest transaction that is in the tree.
    pub(super) applied: Zxid,
    role: Role,
    votes: OrdMap<i64, Vote>,
    next_round: Time,
    clients_at: Fd,
    quorum_at: Fd,
    election_at: Fd,
    asked: Vec<(i64, Conn)>,
    asking: Vec<Conn>,
    arriving: Vec<Conn>,
    pub(super) clients: OrdMap<u64, Client>,
    next_client: u64,
    /// Requests that were passed on to the leader.
    forwarded: OrdMap<i64, (u64, i64)>,
    next_forward: i64,
    pub(super) next_session: i64,
    pub(super) received: u64,
}

impl Server {
    pub(super) fn new(argv: &[String]) -> Server {
        let config_path = argv.last().cloned().unwrap_or_default();
        Server { config_path, running: None, stopping: false }
    }

    fn start(&self, sys: &mut Sys) -> Result<Running, String> {
        let text = |sys: &Sys, path: &str| {
            let bytes = sys.read_file(path).map_err(|e| format!("{path}: {e}"))?;
            Ok::<_, String>(String::from_utf8_lossy(&bytes).into_owned())
        };
        let config = Config::parse(&text(sys, &self.config_path)?)?;
        let id = text(sys, &format!("{}/myid", config.data_dir))?;
        let id: i64 =
            id.trim().parse().map_err(|_| format!("serverid {} is not a number", id.trim()))?;
        let me = config.members.iter().find(|m| m.id == id);
        let (quorum_port, election_port) =
            me.map_or((2888, 3888), |m| (m.quorum_port, m.election_port));
        let mut listen = |port: u16| {
            sys.listen(port).map_err(|e| format!("java.net.BindException: {e} (port {port})"))
        };
        let (clients_at, quorum_at, election_at) =
            (listen(config.client_port)?, listen(quorum_port)?, listen(election_port)?);
        let storage = Storage::open(sys, &config.data_dir);
        let now = sys.now();
        log(
            sys,
            id,
            "main:QuorumPeerConfig@134",
            &format!("Reading configuration from: {}", self.config_path),
        );
        log(sys, id, "main:QuorumPeerMain@130", "Starting quorum peer");
        log(sys, id, "QuorumPeer[myid]:QuorumPeer@856", "LOOKING");
        Ok(Running {
            id,
            storage,
            tree: Tree::default(),
            applied: 0,
            role: Role::Looking,
            votes: OrdMap::new(),
            next_round: now,
            clients_at,
            quorum_at,
            election_at,
            asked: Vec::new(),
            asking: Vec::new(),
            arriving: Vec::new(),
            clients: OrdMap::new(),
            next_client: 1,
            forwarded: OrdMap::new(),
            next_forward: 1,
            next_session: (id << 56) | ((now.0 / 1000) & 0xff_ffff_ffff) << 16,
            received: 0,
            config,
        })
    }
}

impl Process for Server {
    fn step(&mut self, sys: &mut Sys) -> Step {
        if self.stopping {
            return Step::Done(TERMINATED);
        }
        if self.running.is_none() {
            match self.start(sys) {
                Ok(running) => self.running = Some(Box::new(running)),
                Err(fault) => {
                    sys.eprint(&format!("Invalid config, exiting abnormally\n{fault}\nInvalid config, exiting abnormally\n"));
                    return Step::Done(2);
                }
            }
        }
        let Some(running) = &mut self.running else { return Step::Done(2) };
        running.work(sys);
        Step::Wait(running.wait())
    }

    fn boxed_clone(&self) -> Box<dyn Process> {
        Box::new(self.clone())
    }

    fn signal(&mut self, signal: Signal, sys: &mut Sys) -> bool {
        let _ = sys;
        match signal {
            Signal::Pipe | Signal::Hup => true,
            Signal::Term | Signal::Int => {
                self.stopping = true;
                true
            }
            _ => false,
        }
    }
}

/// A line of the server's log.
pub(super) fn log(sys: &mut Sys, id: i64, place: &str, text: &str) {
    let now = sys.now();
    let millis = now.0.rem_euclid(1_000_000) / 1000;
    let stamp = now.format("%Y-%m-%d %H:%M:%S");
    sys.print(&format!("{stamp},{millis:03} [myid:{id}] - INFO  [{place}] - {text}\n"));
}

impl Running {
    fn log(&self, sys: &mut Sys, place: &str, text: &str) {
        log(
            sys,
            self.id,
            &format!(
                "QuorumPeer[myid={}]/0:0:0:0:0:0:0:0:{}:{place}",
                self.id, self.config.client_port
            ),
            text,
        );
    }

    fn rank(&self) -> (i64, Zxid, i64) {
        (self.storage.current_epoch, self.storage.last(), self.id)
    }

    /// Whether clients are served.
    pub(super) fn serves(&self) -> bool {
        match &self.role {
            Role::Looking => false,
            Role::Following(following) => following.up_to_date,
            Role::Leading(leading) => leading.active,
        }
    }

    /// `leader`, `follower` or `standalone`, as `srvr` and `zkServer.sh status` name it.
    pub(super) fn mode(&self) -> &'static str {
        match self.role {
            Role::Leading(_) if self.config.members.len() < 2 => "standalone",
            Role::Leading(_) => "leader",
            _ => "follower",
        }
    }

    fn wait(&self) -> Wait {
        let mut readable = vec![self.clients_at, self.quorum_at, self.election_at];
        readable.extend(self.asked.iter().map(|(_, conn)| conn.fd));
        readable.extend(self.asking.iter().chain(&self.arriving).map(|conn| conn.fd));
        readable.extend(self.clients.values().map(|client| client.conn.fd));
        let until = match &self.role {
            Role::Looking => self.next_round,
            Role::Following(following) => {
                readable.push(following.conn.fd);
                following.heard + self.config.tick * self.config.sync_limit
            }
            Role::Leading(leading) => {
                readable.extend(leading.followers.values().map(|f| f.conn.fd));
                leading.next_ping
            }
        };
        Wait { until: Some(until), readable, ..Wait::default() }
    }

    fn work(&mut self, sys: &mut Sys) {
        self.answer_votes(sys);
        self.take_votes(sys);
        self.take_arrivals(sys);
        match self.role {
            Role::Looking => self.look(sys),
            Role::Following(_) => self.follow(sys),
            Role::Leading(_) => self.lead(sys),
        }
        self.take_clients(sys);
        self.drive(sys);
    }

    // --- elections ---

    fn own_vote(&self) -> Value {
        let (epoch, zxid, id) = self.rank();
        let leader = match &self.role {
            Role::Following(following) if following.up_to_date => following.leader,
            Role::Leading(leading) if leading.active => self.id,
            _ => 0,
        };
        value!([id, epoch, zxid, leader])
    }

    fn note_vote(&mut self, vote: &Value, now: Time) {
        let number = |at: usize| vote.index(at).as_i64().unwrap_or(0);
        let vote = Vote { rank: (number(1), number(2), number(0)), leader: number(3), at: now };
        self.votes.insert(vote.rank.2, vote);
    }

    /// Answers those who ask for this server's vote; their own comes with the question.
    fn answer_votes(&mut self, sys: &mut Sys) {
        while let Some((fd, _)) = sys.accept(self.election_at) {
            self.asking.push(Conn::new(fd));
        }
        let mut asking = std::mem::take(&mut self.asking);
        for conn in &mut asking {
            conn.fill(sys);
            if let Some(vote) = conn.message() {
                self.note_vote(&vote, sys.now());
                conn.send(sys, &self.own_vote());
                conn.close(sys);
            } else if conn.closed {
                sys.close(conn.fd);
            }
        }
        asking.retain(|conn| !conn.closed);
        self.asking = asking;
    }

    fn take_votes(&mut self, sys: &mut Sys) {
        let mut asked = std::mem::take(&mut self.asked);
        for (_, conn) in &mut asked {
            conn.fill(sys);
            if let Some(vote) = conn.message() {
                self.note_vote(&vote, sys.now());
                conn.closed = true;
            }
            if conn.closed {
                sys.close(conn.fd);
            }
        }
        asked.retain(|(_, conn)| !conn.closed);
        self.asked = asked;
    }

    fn ask_for_votes(&mut self, sys: &mut Sys) {
        for (_, mut conn) in std::mem::take(&mut self.asked) {
            conn.close(sys);
        }
        let vote = self.own_vote();
        for member in self.config.members.clone() {
            if member.id != self.id
                && let Some(mut conn) = connect(sys, &member, member.election_port)
            {
                conn.send(sys, &vote);
                self.asked.push((member.id, conn));
            }
        }
    }

    fn look(&mut self, sys: &mut Sys) {
        let now = sys.now();
        if now < self.next_round {
            return;
        }
        self.next_round = now + ROUND;
        self.votes.retain(|_, vote| now - vote.at <= FRESH);
        let mine = Vote { rank: self.rank(), leader: 0, at: now };
        self.votes.insert(self.id, mine);
        let leader =
            self.votes.values().map(|v| v.leader).find(|leader| *leader != 0 && *leader != self.id);
        let best = self.votes.values().map(|v| v.rank).max().map_or(self.id, |rank| rank.2);
        if let Some(leader) = leader {
            self.join(sys, leader);
        } else if self.votes.len() >= self.config.quorum().max(1) {
            if best == self.id {
                self.begin_to_lead(sys);
            } else {
                self.join(sys, best);
            }
        }
        if matches!(self.role, Role::Looking) {
            self.ask_for_votes(sys);
        }
    }

    fn give_up(&mut self, sys: &mut Sys, why: &str) {
        self.log(sys, "QuorumPeer@971", &format!("Shutting down: {why}"));
        match std::mem::replace(&mut self.role, Role::Looking) {
            Role::Following(mut following) => following.conn.close(sys),
            Role::Leading(leading) => {
                for mut follower in leading.followers.into_values() {
                    follower.conn.close(sys);
                }
            }
            Role::Looking => {}
        }
        self.votes.clear();
        self.forwarded.clear();
        self.next_round = sys.now() + ROUND;
        for (_, mut client) in std::mem::take(&mut self.clients) {
            client.conn.close(sys);
        }
        self.log(sys, "QuorumPeer@856", "LOOKING");
    }

    // --- following ---

    fn join(&mut self, sys: &mut Sys, leader: i64) {
        let Some(member) = self.config.members.iter().find(|m| m.id == leader).cloned() else {
            return;
        };
        let Some(mut conn) = connect(sys, &member, member.quorum_port) else {
            self.votes.remove(&leader);
            return;
        };
        conn.send(sys, &value!(["follow", self.id, self.storage.accepted_epoch]));
        self.log(sys, "QuorumPeer@868", "FOLLOWING");
        self.role =
            Role::Following(Following { leader, conn, up_to_date: false, heard: sys.now() });
    }

    fn follow(&mut self, sys: &mut Sys) {
        loop {
            let Role::Following(following) = &mut self.role else { return };
            following.conn.fill(sys);
            let Some(message) = following.conn.message() else { break };
            following.heard = sys.now();
            if let Err(why) = self.obey(sys, &message) {
                self.give_up(sys, why);
                return;
            }
        }
        let Role::Following(following) = &self.role else { return };
        let patience = self.config.tick * self.config.sync_limit;
        if following.conn.closed {
            self.give_up(sys, "the leader has closed the connection");
        } else if sys.now() - following.heard >= patience {
            self.give_up(sys, "the leader is silent");
        }
    }

    /// Does what the leader says.
    fn obey(&mut self, sys: &mut Sys, message: &Value) -> Result<(), &'static str> {
        let number = |at: usize| message.index(at).as_i64().unwrap_or(0);
        let reply = match message.index(0).text() {
            "epoch" => {
                if number(1) < self.storage.accepted_epoch {
                    return Err("the leader's epoch is older than the accepted one");
                }
                self.storage.accept_epoch(sys, number(1));
                Some(value!(["accepted", self.storage.current_epoch, self.storage.last()]))
            }
            "history" => {
                let rest = message.index(3).as_array().iter().filter_map(Txn::from_value).collect();
                self.storage.replace(sys, number(2), rest);
                self.storage.enter_epoch(sys, number(1));
                self.rebuild();
                Some(value!(["acknowledged"]))
            }
            "uptodate" => {
                self.commit(number(1));
                if let Role::Following(following) = &mut self.role {
                    following.up_to_date = true;
                }
                None
            }
            "propose" => {
                let txn = Txn::from_value(message.index(1)).ok_or("a proposal cannot be read")?;
                let zxid = txn.zxid;
                self.storage.append(sys, txn);
                Some(value!(["ack", zxid]))
            }
            "commit" => {
                self.commit(number(1));
                None
            }
            "result" => {
                if let Some((client, request)) = self.forwarded.remove(&number(1)) {
                    self.reply(sys, client, request, message.index(2));
                }
                None
            }
            _ => Some(value!(["pong"])),
        };
        if let (Some(reply), Role::Following(following)) = (reply, &mut self.role) {
            following.conn.send(sys, &reply);
        }
        Ok(())
    }

    /// The tree after a change of the history: only what is known to be committed stays.
    fn rebuild(&mut self) {
        let committed = self.applied;
        self.tree = Tree::default();
        self.applied = 0;
        self.commit(committed.min(self.storage.last()));
    }

    /// Puts every logged transaction up to `zxid` into the tree.
    fn commit(&mut self, zxid: Zxid) {
        let start = self.storage.log.partition_point(|txn| txn.zxid <= self.applied);
        for txn in self.storage.log[start..].iter().take_while(|txn| txn.zxid <= zxid) {
            self.tree.apply(txn);
            self.applied = txn.zxid;
        }
    }

    // --- leading ---

    fn begin_to_lead(&mut self, sys: &mut Sys) {
        self.log(sys, "QuorumPeer@881", "LEADING");
        let now = sys.now();
        self.role = Role::Leading(Leading {
            epoch: 0,
            followers: OrdMap::new(),
            begun: now,
            active: false,
            heard_quorum: now,
            next_ping: now,
            outstanding: None,
            queue: VecDeque::new(),
            counter: 0,
        });
    }

    /// New connections to the quorum port: only a leader keeps them.
    fn take_arrivals(&mut self, sys: &mut Sys) {
        while let Some((fd, _)) = sys.accept(self.quorum_at) {
            self.arriving.push(Conn::new(fd));
        }
        let mut arriving = std::mem::take(&mut self.arriving);
        for conn in &mut arriving {
            conn.fill(sys);
            let Some(message) = conn.message() else {
                if conn.closed {
                    sys.close(conn.fd);
                }
                continue;
            };
            let id = message.index(1).as_i64().unwrap_or(0);
            let Role::Leading(leading) = &mut self.role else {
                conn.close(sys);
                continue;
            };
            let follower = Follower {
                conn: conn.clone(),
                accepted: false,
                sent_history: false,
                acknowledged: false,
                accepted_epoch: message.index(2).as_i64().unwrap_or(0),
                rank: None,
                heard: sys.now(),
            };
            if let Some(mut old) = leading.followers.insert(id, follower) {
                old.conn.close(sys);
            }
            // The connection belongs to the follower's entry now.
            conn.closed = true;
        }
        arriving.retain(|conn| !conn.closed);
        self.arriving = arriving;
    }

    fn lead(&mut self, sys: &mut Sys) {
        let ids: Vec<i64> = match &self.role {
            Role::Leading(leading) => leading.followers.keys().copied().collect(),
            _ => return,
        };
        for id in ids {
            self.hear_follower(sys, id);
        }
        if self.found_epoch(sys).is_err() {
            self.give_up(sys, "a follower knows more than this leader");
            return;
        }
        self.settle_outstanding(sys);
        let now = sys.now();
        let (quorum, tick) = (self.config.quorum(), self.config.tick);
        let Role::Leading(leading) = &mut self.role else { return };
        let alive = 1 + leading.followers.values().filter(|f| now - f.heard < tick * 2).count();
        if alive >= quorum {
            leading.heard_quorum = now;
        }
        let patience = if leading.active { self.config.sync_limit } else { self.config.init_limit };
        let too_long = now - leading.heard_quorum.max(leading.begun) >= tick * patience;
        let lost = leading.active && 1 + leading.followers.len() < quorum;
        if too_long || lost {
            self.give_up(sys, "not sufficient followers synced");
            return;
        }
        if now >= leading.next_ping {
            leading.next_ping = now + tick / 2;
            for follower in leading.followers.values_mut() {
                follower.conn.send(sys, &value!(["ping"]));
            }
        }
    }

    fn hear_follower(&mut self, sys: &mut Sys, id: i64) {
        loop {
            let Role::Leading(leading) = &mut self.role else { return };
            let Some(follower) = leading.followers.get_mut(&id) else { return };
            follower.conn.fill(sys);
            let Some(message) = follower.conn.message() else { break };
            follower.heard = sys.now();
            let number = |at: usize| message.index(at).as_i64().unwrap_or(0);
            match message.index(0).text() {
                "accepted" => {
                    follower.accepted = true;
                    follower.rank = Some((number(1), number(2)));
                }
                "acknowledged" => follower.acknowledged = true,
                "ack" => {
                    if let Some((txn, acks, _)) = &mut leading.outstanding
                        && txn.zxid == number(1)
                    {
                        acks.insert(id);
                    }
                }
                "request" => {
                    if let Some(op) = Op::from_value(message.index(2)) {
                        leading.queue.push_back((Origin::There(id, number(1)), op));
                    }
                }
                _ => {}
            }
        }
        if let Role::Leading(leading) = &mut self.role
            && leading.followers.get(&id).is_some_and(|f| f.conn.closed)
            && let Some(gone) = leading.followers.remove(&id)
        {
            sys.close(gone.conn.fd);
        }
    }

    /// Founds a new epoch with a quorum, then brings every follower to this server's history.
    ///
    /// # Errors
    /// A follower's history is newer: this server must not lead.
    fn found_epoch(&mut self, sys: &mut Sys) -> Result<(), ()> {
        let quorum = self.config.quorum();
        let mine = (self.storage.current_epoch, self.storage.last());
        let Role::Leading(leading) = &mut self.role else { return Ok(()) };
        if leading.epoch == 0 {
            if 1 + leading.followers.len() < quorum {
                return Ok(());
            }
            let known = leading.followers.values().map(|f| f.accepted_epoch).max().unwrap_or(0);
            leading.epoch = known.max(self.storage.accepted_epoch) + 1;
            self.storage.accept_epoch(sys, leading.epoch);
            for follower in leading.followers.values_mut() {
                follower.conn.send(sys, &value!(["epoch", leading.epoch]));
            }
        }
        let epoch = leading.epoch;
        // Those who came later get the epoch of the present leader.
        for follower in
            leading.followers.values_mut().filter(|f| f.accepted_epoch < epoch && !f.accepted)
        {
            follower.accepted_epoch = epoch;
            follower.conn.send(sys, &value!(["epoch", epoch]));
        }
        if self.storage.current_epoch < epoch {
            let accepted = leading.followers.values().filter(|f| f.accepted);
            if accepted.clone().filter_map(|f| f.rank).any(|rank| rank > mine) {
                return Err(());
            }
            if 1 + accepted.count() < quorum {
                return Ok(());
            }
            self.storage.enter_epoch(sys, epoch);
        }
        self.send_histories(sys);
        Ok(())
    }

    fn send_histories(&mut self, sys: &mut Sys) {
        let quorum = self.config.quorum();
        let Role::Leading(leading) = &mut self.role else { return };
        for follower in leading.followers.values_mut().filter(|f| f.accepted && !f.sent_history) {
            let (common, rest) = self.storage.since(follower.rank.map_or(0, |rank| rank.1));
            let rest: Vec<Value> = rest.iter().map(Txn::to_value).collect();
            follower.conn.send(sys, &value!(["history", leading.epoch, common, rest]));
            follower.sent_history = true;
        }
        let synced = 1 + leading.followers.values().filter(|f| f.acknowledged).count();
        let becomes_active = !leading.active && synced >= quorum;
        if becomes_active {
            leading.active = true;
            leading.heard_quorum = sys.now();
        }
        if !leading.active {
            return;
        }
        // What is being voted on is not committed yet, so it is no part of what is known to be complete.
        let complete = match &leading.outstanding {
            Some((txn, ..)) => txn.zxid - 1,
            None => self.storage.last(),
        };
        for follower in
            leading.followers.values_mut().filter(|f| f.acknowledged && f.rank.is_some())
        {
            follower.conn.send(sys, &value!(["uptodate", complete]));
            follower.rank = None;
        }
        if becomes_active {
            self.commit(complete);
            let text = format!(
                "Have quorum of supporters; starting up and setting last processed zxid: {:#x}",
                self.applied
            );
            self.log(sys, "Leader@960", &text);
        }
    }

    /// Commits the outstanding proposal when a quorum has it.
    fn settle_outstanding(&mut self, sys: &mut Sys) {
        let quorum = self.config.quorum();
        let Role::Leading(leading) = &mut self.role else { return };
        if leading.outstanding.as_ref().is_none_or(|(_, acks, _)| 1 + acks.len() < quorum) {
            return;
        }
        let Some((txn, _, origin)) = leading.outstanding.take() else { return };
        for follower in leading.followers.values_mut().filter(|f| f.sent_history) {
            follower.conn.send(sys, &value!(["commit", txn.zxid]));
        }
        self.commit(txn.zxid);
        let path = match &txn.op {
            Op::Create(path, ..) | Op::Set(path, ..) | Op::Delete(path, _) => path.clone(),
            Op::Open(session) | Op::Close(session) => session.to_string(),
        };
        self.answer(sys, origin, &value!(["ok", path]));
    }

    fn answer(&mut self, sys: &mut Sys, origin: Origin, result: &Value) {
        match origin {
            Origin::Here(client, request) => self.reply(sys, client, request, result),
            Origin::There(follower, request) => {
                if let Role::Leading(leading) = &mut self.role
                    && let Some(follower) = leading.followers.get_mut(&follower)
                {
                    follower.conn.send(sys, &value!(["result", request, result]));
                }
            }
            Origin::Nobody => {}
        }
    }

    /// Puts the next queued change to the vote.
    fn drive(&mut self, sys: &mut Sys) {
        loop {
            let now = sys.now();
            let Role::Leading(leading) = &mut self.role else { return };
            if leading.outstanding.is_some() || !leading.active {
                return;
            }
            let Some((origin, op)) = leading.queue.pop_front() else { return };
            match self.tree.settle(op) {
                Err(code) => self.answer(sys, origin, &value!(["error", code])),
                Ok(op) => {
                    leading.counter += 1;
                    let txn = Txn { zxid: (leading.epoch << 32) + leading.counter, at: now, op };
                    let message = value!(["propose", txn.to_value()]);
                    for follower in leading.followers.values_mut().filter(|f| f.sent_history) {
                        follower.conn.send(sys, &message);
                    }
                    leading.outstanding = Some((txn.clone(), OrdSet::new(), origin));
                    self.storage.append(sys, txn);
                    self.settle_outstanding(sys);
                }
            }
        }
    }

    /// A change that a client of this server wants: put to the vote here, or passed on to the leader.
    pub(super) fn submit(&mut self, sys: &mut Sys, origin: Origin, op: Op) {
        match &mut self.role {
            Role::Leading(leading) => leading.queue.push_back((origin, op)),
            Role::Following(following) => {
                let number = self.next_forward;
                self.next_forward += 1;
                if let Origin::Here(client, request) = origin {
                    self.forwarded.insert(number, (client, request));
                }
                following.conn.send(sys, &value!(["request", number, op.to_value()]));
            }
            Role::Looking => {}
        }
    }

    // --- clients ---

    fn take_clients(&mut self, sys: &mut Sys) {
        while let Some((fd, address)) = sys.accept(self.clients_at) {
            self.clients.insert(self.next_client, Client::new(fd, &address));
            self.next_client += 1;
        }
        let numbers: Vec<u64> = self.clients.keys().copied().collect();
        for number in numbers {
            let Some(mut client) = self.clients.remove(&number) else { continue };
            client.serve(self, sys, number);
            if client.conn.closed {
                client.leave(self, sys);
            } else {
                self.clients.insert(number, client);
            }
        }
    }

    fn reply(&mut self, sys: &mut Sys, client: u64, request: i64, result: &Value) {
        if let Some(client) = self.clients.get_mut(&client) {
            client.conn.send(sys, &value!([request, result]));
        }
    }
}

fn connect(sys: &mut Sys, member: &Member, port: u16) -> Option<Conn> {
    let address = sys.resolve(&member.host, Record::A).into_iter().next()?.data;
    sys.connect(&address, port).ok().map(Conn::new)
}
