//! Users log in, browse, and log out; somebody goes on using the old token.

use crate::metrics::{CountId, DistributionId, Judgement};
use crate::model::{Answer, Key, Location, Operation, Request, Seen, Time, Value};
use crate::random::{Sampler, StreamKey, chance};

use super::arrivals::{Arrivals, Source, any_edge, other_edge};
use super::config::{SessionConfig, Shape};
use super::contract::{Ask, Desk, Groups, Workload};

/// What a request is for: the lowest two bits of its tag. Above them: the session.
const LOGIN: u32 = 0;
const BROWSE: u32 = 1;
const LOGOUT: u32 = 2;
const AFTER: u32 = 3;

/// What a wake-up is for: the lowest two bits of its token. Above them: the session, or for a login the user.
const WAKE_LOGIN: u64 = 0;
const WAKE_BROWSE: u64 = 1;
const WAKE_LOGOUT: u64 = 2;
const WAKE_AFTER: u64 = 3;

/// One session. Its key is its own: nobody looked for it before it was there.
#[derive(Clone, Copy, Debug)]
struct Session {
    user: u32,
    home: Location,
    logged_in: Option<Time>,
    /// The user has asked to log out: requests from now on are neither live nor revoked until it is done.
    leaving: bool,
    logged_out: Option<Time>,
    /// The start of the last request that was accepted although it started after the logout was done.
    last_accepted: Time,
}

/// The workload: each user is a group.
#[derive(Debug)]
pub struct Sessions {
    config: SessionConfig,
    life: Sampler,
    idle: Sampler,
    arrivals: Arrivals,
    elsewhere: u64,
    key: StreamKey,
    edges: u16,
    /// By user: the life of sessions, and the requests.
    users: Vec<(Source, Source)>,
    /// The session's number is its key.
    sessions: Vec<Session>,
}

impl Sessions {
    /// From its plain data.
    pub fn new(config: &SessionConfig, key: StreamKey, edges: u16) -> Sessions {
        Sessions {
            life: Sampler::new(&config.life),
            idle: Sampler::new(&config.idle),
            arrivals: Arrivals::new(&Shape::Poisson),
            elsewhere: chance(config.elsewhere),
            config: config.clone(),
            key,
            edges,
            users: Vec::new(),
            sessions: Vec::new(),
        }
    }

    fn ask(&self, session: u32, location: Location, operation: Operation, step: u32, desk: &mut Desk<'_>) {
        let user = self.sessions[session as usize].user;
        desk.ask(Ask { key: Key(session), ..Ask::of_group(user, user, location, operation, session << 2 | step) });
    }

    fn log_in(&mut self, user: u32, desk: &mut Desk<'_>) {
        let home = any_edge(&mut self.users[user as usize].0.stream, self.edges);
        let session = self.sessions.len() as u32;
        self.sessions.push(Session {
            user,
            home,
            logged_in: None,
            leaving: false,
            logged_out: None,
            last_accepted: Time::START,
        });
        self.ask(session, home, Operation::Put { value: i64::from(session) + 1, ttl: None }, LOGIN, desk);
    }

    fn browse(&mut self, session: u32, desk: &mut Desk<'_>) {
        let Session { user, home, leaving, .. } = self.sessions[session as usize];
        if leaving {
            return;
        }
        let source = &mut self.users[user as usize].1;
        let away = source.stream.happens(self.elsewhere);
        let location = if away { other_edge(&mut source.stream, self.edges, home) } else { home };
        let next = self.arrivals.next(source, desk.now, self.config.requests);
        desk.wake(next, u64::from(session) << 2 | WAKE_BROWSE);
        self.ask(session, location, Operation::Get { cache_ttl: None }, BROWSE, desk);
    }

    fn use_old_token(&mut self, session: u32, desk: &mut Desk<'_>) {
        let Session { user, logged_out, .. } = self.sessions[session as usize];
        if logged_out.is_none_or(|done| desk.now.since(done) > self.config.after_logout) {
            return;
        }
        let source = &mut self.users[user as usize].1;
        let location = any_edge(&mut source.stream, self.edges);
        let next = self.arrivals.next(source, desk.now, self.config.after_rate);
        desk.wake(next, u64::from(session) << 2 | WAKE_AFTER);
        self.ask(session, location, Operation::Get { cache_ttl: None }, AFTER, desk);
    }

    /// The session is over: the user comes back some time.
    fn rest(&mut self, user: u32, desk: &mut Desk<'_>) {
        let idle = self.idle.span(self.users[user as usize].0.stream.draw());
        desk.wake(desk.now + idle, u64::from(user) << 2 | WAKE_LOGIN);
    }

    fn logged_in(&mut self, session: u32, desk: &mut Desk<'_>) {
        self.sessions[session as usize].logged_in = Some(desk.now);
        let user = self.sessions[session as usize].user as usize;
        let life = self.life.span(self.users[user].0.stream.draw());
        desk.wake(desk.now + life, u64::from(session) << 2 | WAKE_LOGOUT);
        if self.config.requests > 0.0 {
            let next = self.arrivals.next(&mut self.users[user].1, desk.now, self.config.requests);
            desk.wake(next, u64::from(session) << 2 | WAKE_BROWSE);
        }
    }

    fn logged_out(&mut self, session: u32, desk: &mut Desk<'_>) {
        self.sessions[session as usize].logged_out = Some(desk.now);
        let user = self.sessions[session as usize].user;
        if self.config.after_rate > 0.0 {
            let next = self.arrivals.next(&mut self.users[user as usize].1, desk.now, self.config.after_rate);
            desk.wake(next, u64::from(session) << 2 | WAKE_AFTER);
        }
        self.rest(user, desk);
    }
}

impl Workload for Sessions {
    fn groups(&self) -> Groups {
        Groups::Fixed(self.config.users)
    }

    fn initial(&self) -> Option<Value> {
        None
    }

    fn sessions(&self) -> bool {
        true
    }

    fn begin(&mut self, first_group: u32, groups: u32, desk: &mut Desk<'_>) {
        self.users.clear();
        self.sessions.clear();
        for user in 0..groups {
            let number = u64::from(first_group + user);
            let mut life = self.arrivals.first(self.key.stream(number << 1), 1.0).0;
            let requests = self.arrivals.first(self.key.stream(number << 1 | 1), 1.0).0;
            let idle = self.idle.span(life.stream.draw());
            desk.wake(Time(idle.0), u64::from(user) << 2 | WAKE_LOGIN);
            self.users.push((life, requests));
        }
    }

    fn wake(&mut self, token: u64, desk: &mut Desk<'_>) {
        let number = (token >> 2) as u32;
        match token & 3 {
            WAKE_LOGIN => self.log_in(number, desk),
            WAKE_BROWSE => self.browse(number, desk),
            WAKE_AFTER => self.use_old_token(number, desk),
            _ => {
                self.sessions[number as usize].leaving = true;
                let home = self.sessions[number as usize].home;
                self.ask(number, home, Operation::Delete, LOGOUT, desk);
            }
        }
    }

    fn answered(&mut self, request: &Request, answer: &Answer, _: Judgement, desk: &mut Desk<'_>) {
        let number = request.tag >> 2;
        let accepted = answer.is_ok() && answer.seen.value == Some(i64::from(number) + 1);
        let measured = desk.measures(request.start);
        let session = &mut self.sessions[number as usize];
        match request.tag & 3 {
            LOGIN if answer.is_ok() => self.logged_in(number, desk),
            LOGIN => self.rest(request.group, desk),
            LOGOUT if answer.is_ok() => self.logged_out(number, desk),
            // A refused logout: the user believes to be out and comes back some time; the session stays.
            LOGOUT => self.rest(request.group, desk),
            BROWSE => {
                if measured && answer.is_ok() && !session.leaving {
                    desk.measurements.count_mut(CountId::LoginNotSeen).add(!accepted);
                }
            }
            _ => {
                if accepted {
                    session.last_accepted = session.last_accepted.max(request.start);
                }
                if measured && answer.is_ok() {
                    desk.measurements.count_mut(CountId::RevokedAccepted).add(accepted);
                }
            }
        }
    }

    fn end(&mut self, _latest: &dyn Fn(Key) -> Seen, desk: &mut Desk<'_>) {
        for session in &self.sessions {
            // A logout whose watch was cut off by the end of the run says nothing of how long it was exposed.
            if let Some(done) = session.logged_out
                && desk.measures(done)
                && done + self.config.after_logout <= desk.window.until
            {
                let exposed = session.last_accepted.since(done).0;
                desk.measurements.distribution_mut(DistributionId::Exposure).add(exposed);
            }
        }
    }
}
