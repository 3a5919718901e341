//! A browser with one cookie jar and several tabs, a network that delays, reorders and loses, a server that
//! commits, crashes and is rolled back, and a thief who copies the jar once. Every schedule of it is
//! explored.

use stateright::{Model, Property};

use crate::rules::{Device, EndReasonOfModel, Outcome, Rule, Server, Times};

/// What may happen, and how often.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) rule: Rule,
    pub(crate) times: Times,
    /// The clock stops here.
    pub(crate) horizon: i8,
    pub(crate) tabs: usize,
    /// The longest delay of a message, in ticks; a tab gives up on a try after twice that.
    pub(crate) delay: i8,
    /// [`NO_END`] for as many as there are.
    pub(crate) losses: u8,
    /// Crashes that lose what is decided and not committed. They count against `losses` of the same length.
    pub(crate) crashes: u8,
    /// Whether the database may once go back to an earlier state.
    pub(crate) rollback: Option<Rollback>,
    pub(crate) thief: bool,
    /// Whether the session is bound to a key, and who has it.
    pub(crate) key: Key,
    pub(crate) logout: bool,
    /// Tokens above this are not followed.
    pub(crate) newest: u8,
    /// A mistake of the server around the rule.
    pub(crate) mistake: Option<Mistake>,
}

/// Losses without number.
pub(crate) const NO_END: u8 = u8::MAX;

/// The key that the session is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// None.
    Unbound,
    /// The thief gets the cookie jar alone.
    OwnerHas,
    /// The thief gets both.
    BothHave,
}

/// How the database goes back to an earlier state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rollback {
    /// To a standby that lacked the last writes: sessions go on.
    Failover,
    /// To a backup that is restored: all sessions that there were end (DB-4).
    Restore,
}

/// What a server with the right rule can still do wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    AnswersBeforeTheCommit,
    ForgetsTheLogout,
    ForgetsTheDetection,
    IgnoresTheEnd,
    WritesBackAnOldRow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Tab {
    Idle,
    /// Has asked, and when.
    Waiting(i8),
    /// Has waited in vain: it asks again before the clock moves.
    Retrying,
    /// Waits for the answer to a logout.
    LoggingOut,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Message {
    Refresh { tab: usize, token: u8, sent: i8, after_logout: bool },
    Granted { tab: usize, cookie: Option<u8>, sent: i8 },
    Logout { tab: usize, sent: i8 },
    LoggedOut { tab: usize, sent: i8 },
}

/// What must not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Broken {
    HonestUserLoggedOut,
    ForkNotSeen,
    OldTokenHonoured,
    GrantedAfterEnd,
    GrantedAfterLogout,
    GrantedAfterDetection,
    RotationLost,
    GenerationWentBack,
    ThiefWithoutKey,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) now: i8,
    /// What survives a crash.
    durable: Server,
    /// What the writer has decided, and the answers that wait for its commit.
    pub(crate) decided: Server,
    uncommitted: Vec<Message>,
    /// What a failover would bring back.
    backup: Option<Server>,
    rolled_back: bool,
    pub(crate) jar: Option<u8>,
    tabs: Vec<Tab>,
    pub(crate) network: Vec<Message>,
    lost: u8,
    crashed: u8,
    stolen: bool,
    /// The thief's tokens, one bit each.
    loot: u32,
    owner_seen_at: i8,
    fork_at: Option<i8>,
    logged_out: bool,
    broken: Option<Broken>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    Tick,
    Send(usize),
    SendLogout(usize),
    Deliver(usize),
    Lose(usize),
    Commit,
    Crash,
    BackUp,
    RollBack,
    Steal,
    Thieve(u8),
}

impl Message {
    fn sent(&self) -> i8 {
        match self {
            Self::Refresh { sent, .. }
            | Self::Granted { sent, .. }
            | Self::Logout { sent, .. }
            | Self::LoggedOut { sent, .. } => *sent,
        }
    }
}

impl Message {
    fn tab(&self) -> usize {
        match self {
            Self::Refresh { tab, .. }
            | Self::Granted { tab, .. }
            | Self::Logout { tab, .. }
            | Self::LoggedOut { tab, .. } => *tab,
        }
    }
}

impl World {
    /// Requests are committed one by one unless crashes are modelled.
    fn commits_later(&self) -> bool {
        self.crashes > 0
    }

    /// How long a thief may ride along unseen.
    fn blind(&self) -> i8 {
        match self.rule {
            Rule::Decide | Rule::HealBeyond | Rule::YoungWithCookie => {
                self.times.grace.max(self.times.min_age)
            }
            _ => self.times.grace,
        }
    }

    fn send(&self, state: &mut State, message: Message) {
        let is_answer = !matches!(message, Message::Refresh { .. } | Message::Logout { .. });
        let waits = self.commits_later() && self.mistake != Some(Mistake::AnswersBeforeTheCommit);
        let to = if waits && is_answer { &mut state.uncommitted } else { &mut state.network };
        to.push(message);
        to.sort();
    }

    /// A change of the server's, durable at once or at the next commit.
    fn change(&self, state: &mut State, server: Server) {
        if newest_of(&server) < newest_of(&state.decided) {
            state.broken = Some(Broken::GenerationWentBack);
        }
        state.decided = server;
        if !self.commits_later() {
            state.durable = state.decided.clone();
        }
    }

    /// What the owner or the thief shows of the device.
    fn device(&self, by_thief: bool) -> Device {
        match self.key {
            Key::Unbound => Device::Unbound,
            Key::OwnerHas if by_thief => Device::Missing,
            Key::OwnerHas | Key::BothHave => Device::Proved,
        }
    }

    pub(crate) fn present(&self, server: &Server, token: u8, by_thief: bool, now: i8) -> Outcome {
        let shown = (token, self.device(by_thief));
        match self.mistake {
            Some(Mistake::IgnoresTheEnd) => {
                self.rule.present(server, shown, now, Times { absolute: i8::MAX, ..self.times })
            }
            Some(Mistake::ForgetsTheDetection) if *server == Server::Over(EndReasonOfModel::Reuse) => {
                Outcome::Granted { server: server.clone(), cookie: None }
            }
            Some(Mistake::WritesBackAnOldRow) if now == 3 => {
                Outcome::Granted { server: self.rule.new_session(), cookie: None }
            }
            _ => self.rule.present(server, shown, now, self.times),
        }
    }

    /// Whether nobody but the owner can make a token old.
    fn owner_is_alone(&self) -> bool {
        !self.thief || self.key == Key::OwnerHas
    }

    /// A refresh arrives: what needs no write is answered from what is committed, as while the disk takes
    /// none; the rest by the writer, after its commit.
    fn refresh(&self, state: &mut State, tab: usize, token: u8, after_logout: bool) -> Option<()> {
        let committed = self.present(&state.durable, token, false, state.now);
        let read_only = matches!(&committed, Outcome::Granted { server, .. } if *server == state.durable);
        let outcome =
            if read_only { committed } else { self.present(&state.decided, token, false, state.now) };
        match outcome {
            Outcome::Granted { server, cookie } => {
                self.note_grant(state, token, cookie)?;
                if after_logout && state.logged_out {
                    state.broken = Some(Broken::GrantedAfterLogout);
                }
                // With the key, a thief can follow by one step.
                if self.key == Key::Unbound
                    && state.fork_at.is_some_and(|forked| state.now - forked > self.blind())
                {
                    state.broken = Some(Broken::ForkNotSeen);
                }
                (state.owner_seen_at, state.fork_at) = (state.now, None);
                let reply = Message::Granted { tab, cookie, sent: state.now };
                if read_only {
                    state.network.push(reply);
                    state.network.sort();
                } else {
                    self.change(state, server);
                    self.send(state, reply);
                }
            }
            Outcome::Refused { server } => {
                if server == Server::Over(EndReasonOfModel::Reuse) && self.owner_is_alone() {
                    state.broken = Some(Broken::HonestUserLoggedOut);
                }
                self.change(state, server);
            }
            Outcome::Expired => state.tabs[tab] = Tab::Idle,
            Outcome::ProofRequired => state.broken = Some(Broken::HonestUserLoggedOut),
        }
        Some(())
    }

    /// What holds for every 200, whoever gets it. `None`: the model does not follow tokens so new.
    fn note_grant(&self, state: &mut State, token: u8, cookie: Option<u8>) -> Option<()> {
        if cookie.is_some_and(|cookie| cookie > self.newest) {
            return None;
        }
        if state.now >= self.times.absolute {
            state.broken = Some(Broken::GrantedAfterEnd);
        }
        if state.durable == Server::Over(EndReasonOfModel::Reuse) {
            state.broken = Some(Broken::GrantedAfterDetection);
        }
        if let Server::Line { newest, .. } = state.decided
            && token + 1 < newest
        {
            state.broken = Some(Broken::OldTokenHonoured);
        }
        Some(())
    }

    fn deliver(&self, state: &mut State, index: usize) -> Option<()> {
        match state.network.remove(index) {
            Message::Refresh { tab, token, after_logout, .. } => {
                self.refresh(state, tab, token, after_logout)?;
            }
            Message::Granted { tab, cookie, .. } => {
                if !state.rolled_back
                    && let (Some(cookie), Server::Line { newest, .. }) = (cookie, &state.durable)
                    && cookie > *newest
                {
                    state.broken = Some(Broken::RotationLost);
                }
                state.tabs[tab] = Tab::Idle;
                if state.jar.is_some() {
                    state.jar = cookie.or(state.jar);
                }
            }
            Message::Logout { tab, .. } => {
                if self.mistake != Some(Mistake::ForgetsTheLogout) {
                    self.change(state, Server::Over(EndReasonOfModel::Logout));
                }
                self.send(state, Message::LoggedOut { tab, sent: state.now });
            }
            Message::LoggedOut { tab, .. } => {
                state.tabs[tab] = Tab::Idle;
                state.logged_out = true;
            }
        }
        Some(())
    }

    fn thieve(&self, state: &mut State, token: u8) -> Option<()> {
        match self.present(&state.decided, token, true, state.now) {
            Outcome::Granted { server, cookie } => {
                if self.key == Key::OwnerHas {
                    state.broken = Some(Broken::ThiefWithoutKey);
                }
                self.note_grant(state, token, cookie)?;
                if state.logged_out {
                    state.broken = Some(Broken::GrantedAfterLogout);
                }
                if state.fork_at.is_none() && state.now - state.owner_seen_at > self.blind() {
                    state.fork_at = Some(state.now);
                }
                state.loot |= 1 << cookie.unwrap_or(token);
                self.change(state, server);
            }
            Outcome::Refused { server } => self.change(state, server),
            Outcome::Expired => return None,
            Outcome::ProofRequired => {}
        }
        Some(())
    }

    /// Tabs whose time is over, with nothing under way for them any more, ask again.
    fn give_up(&self, state: &mut State) {
        for (tab, doing) in state.tabs.iter_mut().enumerate() {
            let under_way =
                state.network.iter().chain(&state.uncommitted).any(|message| message.tab() == tab);
            let long = matches!(doing, Tab::Waiting(asked) if state.now - *asked >= 2 * self.delay);
            if long && !under_way {
                *doing = Tab::Retrying;
            }
        }
    }

    fn crash(state: &mut State) {
        state.crashed += 1;
        state.uncommitted.clear();
        state.decided = state.durable.clone();
    }

    /// How many tokens could still be used once every window is closed: the lineages that are alive.
    fn lineages(&self, state: &State) -> usize {
        let late = state.now.saturating_add(self.times.grace.max(self.times.min_age) + 1);
        (0..=self.newest)
            .filter(|token| {
                let shown = (*token, self.device(false));
                // The parent of a bound session gives the same successor at any time, and no other.
                let newest = newest_of(&state.decided);
                *token <= newest
                    && matches!(
                        self.rule.present(&state.decided, shown, late, self.times),
                        Outcome::Granted { cookie, .. } if self.key == Key::Unbound || cookie != Some(newest)
                    )
            })
            .count()
    }
}

/// The newest token that was ever given, while the session lives.
fn newest_of(server: &Server) -> u8 {
    match server {
        Server::Line { newest, .. } => *newest,
        Server::Siblings { next, .. } | Server::Displacing { next, .. } => next - 1,
        // An ended session is past all generations.
        Server::Over(_) => u8::MAX,
    }
}

impl Model for World {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let server = self.rule.new_session();
        vec![State {
            now: 0,
            durable: server.clone(),
            decided: server,
            uncommitted: Vec::new(),
            backup: None,
            rolled_back: false,
            jar: Some(0),
            tabs: vec![Tab::Idle; self.tabs],
            network: Vec::new(),
            lost: 0,
            crashed: 0,
            stolen: false,
            loot: 0,
            owner_seen_at: 0,
            fork_at: None,
            logged_out: false,
            broken: None,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.broken.is_some() {
            return;
        }
        let messages = || state.network.iter().chain(&state.uncommitted);
        if state.now < self.horizon
            && messages().all(|message| message.sent() + self.delay > state.now)
            && !state.tabs.contains(&Tab::Retrying)
        {
            actions.push(Action::Tick);
        }
        for (tab, doing) in state.tabs.iter().enumerate() {
            if matches!(doing, Tab::Idle | Tab::Retrying) && state.jar.is_some() {
                actions.push(Action::Send(tab));
                if self.logout
                    && *doing == Tab::Idle
                    && !state.tabs.contains(&Tab::LoggingOut)
                    && !state.logged_out
                {
                    actions.push(Action::SendLogout(tab));
                }
            }
        }
        for index in 0..state.network.len() {
            actions.push(Action::Deliver(index));
            if state.lost < self.losses {
                actions.push(Action::Lose(index));
            }
        }
        if !state.uncommitted.is_empty() || state.decided != state.durable {
            actions.push(Action::Commit);
            if state.crashed < self.crashes {
                actions.push(Action::Crash);
            }
        }
        if self.rollback.is_some() && !state.rolled_back {
            actions.push(if state.backup.is_none() { Action::BackUp } else { Action::RollBack });
        }
        if self.thief {
            if !state.stolen && state.jar.is_some() {
                actions.push(Action::Steal);
            }
            actions.extend((0..=self.newest).filter(|n| state.loot & (1 << n) != 0).map(Action::Thieve));
        }
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let mut state = before.clone();
        match action {
            Action::Tick => {
                state.now += 1;
                self.give_up(&mut state);
            }
            Action::Send(tab) => {
                state.tabs[tab] = Tab::Waiting(state.now);
                let (token, sent) = (state.jar?, state.now);
                let after_logout = state.logged_out;
                self.send(&mut state, Message::Refresh { tab, token, sent, after_logout });
            }
            Action::SendLogout(tab) => {
                state.tabs[tab] = Tab::LoggingOut;
                let sent = state.now;
                self.send(&mut state, Message::Logout { tab, sent });
            }
            Action::Deliver(index) => self.deliver(&mut state, index)?,
            Action::Lose(index) => {
                state.network.remove(index);
                state.lost += u8::from(self.losses < NO_END);
                self.give_up(&mut state);
            }
            Action::Commit => {
                state.durable = state.decided.clone();
                state.network.append(&mut state.uncommitted);
                state.network.sort();
            }
            Action::Crash => Self::crash(&mut state),
            Action::BackUp => state.backup = Some(state.durable.clone()),
            Action::RollBack => {
                state.rolled_back = true;
                state.durable = state.backup.take()?;
                if self.rollback == Some(Rollback::Restore) {
                    state.durable = Server::Over(EndReasonOfModel::Restored);
                }
                state.decided = state.durable.clone();
            }
            Action::Steal => {
                state.stolen = true;
                state.loot = 1 << state.jar?;
            }
            Action::Thieve(token) => self.thieve(&mut state, token)?,
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(HONEST, |_, state: &State| state.broken != Some(Broken::HonestUserLoggedOut)),
            Property::always(THEFT, |_, state: &State| state.broken != Some(Broken::ForkNotSeen)),
            Property::always(ANCESTOR, |_, state: &State| state.broken != Some(Broken::OldTokenHonoured)),
            Property::always(LINEAGE, |world: &Self, state: &State| world.lineages(state) <= 1),
            Property::always(END, |_, state: &State| state.broken != Some(Broken::GrantedAfterEnd)),
            Property::always(LOGOUT, |_, state: &State| state.broken != Some(Broken::GrantedAfterLogout)),
            Property::always(DETECTED, |_, state: &State| {
                state.broken != Some(Broken::GrantedAfterDetection)
            }),
            Property::always(LOST, |_, state: &State| state.broken != Some(Broken::RotationLost)),
            Property::always(BACK, |_, state: &State| state.broken != Some(Broken::GenerationWentBack)),
            Property::always(KEYLESS, |_, state: &State| state.broken != Some(Broken::ThiefWithoutKey)),
            Property::sometimes(REACHED, |world: &Self, state: &State| state.now == world.horizon),
        ]
    }
}

pub(crate) const HONEST: &str = "an honest user is never logged out";
pub(crate) const THEFT: &str = "a fork is seen at the next late refresh";
pub(crate) const ANCESTOR: &str = "nothing older than the parent is honoured";
pub(crate) const LINEAGE: &str = "one lineage is alive";
pub(crate) const END: &str = "nothing is granted after the absolute end";
pub(crate) const LOGOUT: &str = "nothing is granted after a logout was answered";
pub(crate) const DETECTED: &str = "nothing is granted after a reuse was detected";
pub(crate) const LOST: &str = "no acknowledged rotation is lost";
pub(crate) const BACK: &str = "generations never go back";
pub(crate) const KEYLESS: &str = "a thief without the key gets nothing";
pub(crate) const REACHED: &str = "the end of the clock is reached";
