//! What people, the administrator, the thief and fate will try in one life, and when: all drawn before it
//! begins.

use super::mails::MailEvent;
use super::{Event, TABS, World};

impl World {
    /// Draws everything that people, the administrator, the thief and fate will try, and when.
    pub(super) fn plan(&mut self) {
        let mut time = 20_000;
        for _ in 0..84 {
            let day = 86_400_000;
            time += match self.below(60) {
                0 => self.pick(&[day, 6 * day, 8 * day]),
                1..10 => 900_000,
                10..20 => 60_000,
                _ => self.pick(&[10, 700, 2_500, 5_000, 14_900, 15_100, 19_900, 20_100, 21_000, 45_000]),
            };
            let client = self.client();
            let event = match self.below(112) {
                0..30 => {
                    // A laptop wakes: all tabs at once, or nearly.
                    for tab in 1..TABS {
                        let later = time + self.pick(&[0, 3, 1_000, 2_400]);
                        self.at(later, Event::Refreshes { client, tab });
                    }
                    Event::Refreshes { client, tab: 0 }
                }
                30..58 => Event::Refreshes { client, tab: usize::try_from(self.below(3)).unwrap() },
                58..61 => Event::LogsIn { client, wrong: self.one_in(4) },
                61 if self.one_in(4) => Event::Guesses { client, crash: self.one_in(2) },
                61..67 => Event::LogsOut { client, everywhere: self.one_in(3) },
                67 => {
                    // The same person signs in elsewhere at that moment.
                    let person = self.clients[client].person;
                    let others: Vec<_> =
                        (0..self.clients.len()).filter(|n| self.clients[*n].person == person).collect();
                    let later = time + self.pick(&[0, 1, 3, 20]);
                    self.at(later, Event::LogsIn { client: self.pick(&others), wrong: false });
                    Event::ChangesPassword { client }
                }
                68..71 => Event::Disables(self.clients[client].person),
                71..73 => Event::RequiresChange(self.clients[client].person),
                73..75 => Event::ChangesRole(self.clients[client].person),
                75..77 => Event::RotatesKeys,
                77..81 => Event::Upkeep,
                81..83 => Event::CommandLineEnds(client),
                83..86 => Event::Crashes,
                86..89 => Event::ClockJumps(self.pick(&[-3_600_000, -60_000, -1_000, 1_000, 3_600_000])),
                89..92 => Event::Steals(client),
                92..100 => Event::Thieves(client),
                100..104 => {
                    let lifetime = self.pick(&[None, None, Some(1_500), Some(60_000), Some(900_000)]);
                    let used = time + self.pick(&[2_500, 5_000, 60_000]);
                    self.at(used, Event::UsesKey);
                    Event::MakesKey {
                        person: self.clients[client].person,
                        is_owner: self.one_in(2),
                        lifetime,
                    }
                }
                104..109 => Event::UsesKey,
                _ => Event::RevokesKey { by_tool: self.one_in(3) },
            };
            self.at(time, event);
            if self.one_in(3) {
                self.plan_mail(time);
            }
        }
    }

    /// A mail is asked for, and used once or twice; or something else about addresses.
    fn plan_mail(&mut self, time: i64) {
        let person = self.clients[self.client()].person;
        let event = match self.below(19) {
            0..6 => {
                let used = time + self.pick(&[5_000, 5_000, 60_000, 1_790_000, 1_810_000]);
                self.at(used, Event::Mail(MailEvent::Uses));
                let again = used + self.pick(&[0, 1, 5_000, 600_000]);
                self.at(again, Event::Mail(MailEvent::Uses));
                Event::Mail(MailEvent::Asks(person))
            }
            6 => Event::Mail(MailEvent::Uses),
            7 => {
                // It is verified, perhaps removed, and perhaps brought back.
                for (later, event) in [
                    (5_000, MailEvent::Uses),
                    (10_000, MailEvent::Uses),
                    (15_000, MailEvent::RemovesAddress(person)),
                    (20_000, MailEvent::Uses),
                    (25_000, MailEvent::Uses),
                ] {
                    self.at(time + later, Event::Mail(event));
                }
                Event::Mail(MailEvent::AddsAddress(person))
            }
            8 => Event::Mail(MailEvent::RemovesAddress(person)),
            9 => Event::Mail(MailEvent::GuessesCode),
            10..13 => {
                let used = time + self.pick(&[5_000, 5_000, 60_000, 590_000, 610_000]);
                self.at(used, Event::Mail(MailEvent::Uses));
                let again = used + self.pick(&[0, 1, 3, 5_000]);
                self.at(again, Event::Mail(MailEvent::Uses));
                Event::AsksToSignIn(person)
            }
            16.. => {
                // One that is taken back is used before, at that moment, or after it.
                let used = time + self.pick(&[5_000, 60_000, 7 * 86_400_000 + 10_000]);
                self.at(used, Event::Mail(MailEvent::Uses));
                if self.one_in(2) {
                    let later = self.pick(&[-3_000, 0, 1, 3_000]);
                    self.at(used + later, Event::Invitation { taken_back: true });
                    self.at(used + later + 10_000, Event::Mail(MailEvent::Uses));
                }
                Event::Invitation { taken_back: false }
            }
            _ => {
                let used = time + self.pick(&[5_000, 60_000, 1_810_000]);
                self.at(used, Event::Mail(MailEvent::Uses));
                let again = used + self.pick(&[0, 1, 3, 5_000]);
                self.at(again, Event::Mail(MailEvent::Uses));
                Event::AsksToRegister
            }
        };
        self.at(time, event);
    }
}
