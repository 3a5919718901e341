//! The rotation rule, checked exhaustively in small scopes: every schedule of tabs, delays, losses, crashes,
//! a rollback and a thief, over the product's own `decide`. Nine other rules show that it finds what is
//! wrong. Random schedules are then played on the whole product.
//!
//! `COUNTERSIGN_DEEP=1 cargo test --release --test rotation_model -- --nocapture` explores larger scopes.

#[cfg(test)]
#[path = "../support/postgres.rs"]
#[expect(dead_code, reason = "each test uses what it needs")]
mod database;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod rules;
#[cfg(test)]
#[path = "../support/seeded_key.rs"]
mod seeded_key;
#[cfg(test)]
mod world;

#[cfg(test)]
mod checks {
    use std::collections::BTreeMap;

    use stateright::{Checker, HasDiscoveries, Model};

    use crate::replay::Scene;
    use crate::rules::{Rule, Times};
    use crate::world::{
        ANCESTOR, BACK, DETECTED, END, HONEST, KEYLESS, Key, LINEAGE, LOGOUT, LOST, Mistake, NO_END, REACHED,
        Rollback, THEFT, World,
    };

    /// The bounds under which an honest user is safe, when a message is under way for `delay` at most and a
    /// client gives up on a try after twice that: `grace >= 2D`, or `(2L+3)D` with L losses, and `min_age >=
    /// grace + 2D`. For 2.5 s and one loss that is 12.5 s and 17.5 s; the defaults are 15 s and 20 s.
    fn times(losses: i8, delay: i8) -> Times {
        let grace = if losses == 0 { 2 } else { 2 * losses + 3 } * delay;
        Times { grace, min_age: grace + 2 * delay, idle: 99, absolute: 120 }
    }

    fn honest(rule: Rule, tabs: usize, losses: u8) -> World {
        World {
            rule,
            times: times(losses.try_into().unwrap(), 1),
            horizon: 9,
            tabs,
            delay: 1,
            losses,
            crashes: 0,
            rollback: None,
            thief: false,
            key: Key::Unbound,
            logout: false,
            newest: 6,
            mistake: None,
        }
    }

    fn robbed(rule: Rule) -> World {
        let times = Times { grace: 2, min_age: 4, ..times(0, 1) };
        World { times, tabs: 1, delay: 0, thief: true, horizon: 14, ..honest(rule, 1, 0) }
    }

    /// Bound to the device, with losses without number, and a grace that allows for none. A repeat may come in the last moment of the
    /// grace, so the minimum age has to be more than `grace + 2D`.
    fn bound(rule: Rule, tabs: usize) -> World {
        let least = times(0, 1);
        let times = Times { min_age: least.min_age + 1, ..least };
        World { times, key: Key::OwnerHas, losses: NO_END, ..honest(rule, tabs, 0) }
    }

    /// And a thief of the jar.
    fn bound_and_robbed(rule: Rule) -> World {
        World { thief: true, horizon: 12, ..bound(rule, 1) }
    }

    fn deep() -> bool {
        std::env::var_os("COUNTERSIGN_DEEP").is_some()
    }

    /// Explores everything; panics with the trace when a property is broken.
    fn holds(name: &str, world: World) {
        let checker = world.checker().threads(2).finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
        println!("{name}: {} states, depth {}", checker.unique_state_count(), checker.max_depth());
        for (property, path) in checker.discoveries() {
            assert_eq!(property, REACHED, "{name}: broken by {:#?}", path.into_actions());
        }
        checker.assert_any_discovery(REACHED);
    }

    /// The property that the rule breaks, with the shortest trace.
    fn is_broken(property: &'static str, world: World) {
        let rule = world.rule;
        let finish = HasDiscoveries::AllOf([property].into());
        let checker = world.checker().finish_when(finish).spawn_bfs().join();
        let path = checker.discovery(property).unwrap_or_else(|| panic!("{rule:?} was not found out"));
        println!(
            "{rule:?} breaks \"{property}\" ({} states): {:?}",
            checker.unique_state_count(),
            path.into_actions()
        );
    }

    /// RF-5, J2.
    #[test]
    fn an_honest_user_is_never_logged_out() {
        holds("two tabs, no loss", World { horizon: 20, ..honest(Rule::Decide, 2, 0) });
        holds("two tabs, one loss", World { horizon: 20, ..honest(Rule::Decide, 2, 1) });
        holds("three tabs, no loss", World { horizon: 14, ..honest(Rule::Decide, 3, 0) });
        holds("three tabs, one loss", World { horizon: 14, ..honest(Rule::Decide, 3, 1) });
        if deep() {
            holds("two tabs, two losses", World { horizon: 32, ..honest(Rule::Decide, 2, 2) });
            holds("three tabs, one loss, for long", World { horizon: 24, ..honest(Rule::Decide, 3, 1) });
            holds("three tabs, two losses", World { horizon: 20, ..honest(Rule::Decide, 3, 2) });
            let slow = times(1, 2);
            holds(
                "two tabs, delay of two",
                World { delay: 2, times: slow, horizon: 30, ..honest(Rule::Decide, 2, 1) },
            );
        }
    }

    /// A crash is one more loss, for all that wait for the commit at once.
    #[test]
    fn a_crash_loses_nothing_that_was_acknowledged() {
        let crash = |tabs, losses| World { crashes: 1, ..honest(Rule::Decide, tabs, losses) };
        holds("two tabs, one crash", World { times: times(1, 1), horizon: 16, ..crash(2, 0) });
        holds("two tabs, one crash, one loss", World { times: times(2, 1), horizon: 20, ..crash(2, 1) });
        if deep() {
            holds("three tabs, one crash", World { times: times(1, 1), horizon: 14, ..crash(3, 0) });
        }
    }

    #[test]
    fn a_rollback_of_the_database_harms_no_honest_user() {
        let rollback =
            |tabs, losses| World { rollback: Some(Rollback::Failover), ..honest(Rule::Decide, tabs, losses) };
        holds("two tabs, one rollback", World { horizon: 14, ..rollback(2, 0) });
        holds("two tabs, one rollback, one loss", World { horizon: 16, ..rollback(2, 1) });
        if deep() {
            holds("three tabs, one rollback", World { horizon: 14, ..rollback(3, 0) });
            holds("three tabs, one rollback, one loss", World { horizon: 16, ..rollback(3, 1) });
        }
    }

    /// DB-4: what is restored from a backup revives nobody, whenever it was made and whatever is under way.
    #[test]
    fn a_restore_revives_no_session() {
        let restore = |tabs, losses| World {
            rollback: Some(Rollback::Restore),
            logout: true,
            ..honest(Rule::Decide, tabs, losses)
        };
        holds("two tabs, one restore", World { horizon: 14, ..restore(2, 0) });
        holds("two tabs, one restore, one loss", World { horizon: 12, ..restore(2, 1) });
        holds("a thief and a restore", World { rollback: Some(Rollback::Restore), ..robbed(Rule::Decide) });
        is_broken(LOGOUT, World { rollback: Some(Rollback::Failover), horizon: 14, ..restore(2, 0) });
    }

    #[test]
    fn a_logout_and_the_absolute_end_are_final() {
        let end = Times { absolute: 10, ..times(1, 1) };
        holds("logout", World { logout: true, times: end, horizon: 14, ..honest(Rule::Decide, 2, 1) });
    }

    #[test]
    fn a_thief_is_seen() {
        holds("a thief", robbed(Rule::Decide));
        holds("a thief and a logout", World { logout: true, horizon: 12, ..robbed(Rule::Decide) });
        if deep() {
            holds("a thief for long", World { horizon: 24, newest: 9, ..robbed(Rule::Decide) });
        }
    }

    /// RF-15: responses may be lost for ever; and no grace is needed.
    #[test]
    fn with_a_key_no_loss_logs_an_honest_user_out() {
        holds("bound, two tabs", World { horizon: 18, ..bound(Rule::Decide, 2) });
        holds("bound, three tabs", World { horizon: 10, ..bound(Rule::Decide, 3) });
        let no_grace = Times { grace: 0, min_age: 3, ..times(0, 1) };
        holds("bound, no grace", World { times: no_grace, horizon: 14, ..bound(Rule::Decide, 2) });
        holds("bound, one crash", World { crashes: 1, horizon: 12, ..bound(Rule::Decide, 2) });
        let end = Times { absolute: 9, ..bound(Rule::Decide, 2).times };
        holds("bound, logout", World { logout: true, times: end, horizon: 12, ..bound(Rule::Decide, 2) });
        if deep() {
            holds("bound, two tabs, for long", World { horizon: 30, ..bound(Rule::Decide, 2) });
            holds("bound, three tabs, for long", World { horizon: 14, ..bound(Rule::Decide, 3) });
            holds(
                "bound, two tabs, two crashes",
                World { crashes: 2, horizon: 16, ..bound(Rule::Decide, 2) },
            );
        }
    }

    /// RF-15: the jar alone gives a thief nothing, and him no way to end the session. Who has the key too makes no second lineage,
    /// and whoever of the two is two steps behind ends it.
    #[test]
    fn a_thief_of_a_bound_session() {
        holds("bound, a thief without the key", bound_and_robbed(Rule::Decide));
        let two_tabs = World { tabs: 2, horizon: 9, ..bound_and_robbed(Rule::Decide) };
        holds("bound, two tabs and a thief without the key", two_tabs);
        let with_key = World { key: Key::BothHave, ..bound_and_robbed(Rule::Decide) };
        holds("bound, a thief with the key", World { logout: true, horizon: 10, ..with_key });
    }

    #[test]
    fn other_rules_of_a_bound_session_are_found_out() {
        is_broken(HONEST, World { horizon: 18, ..bound(Rule::LateReplayStands, 2) });
        // Not a mistake of the rule: a failover that loses the write of a late repeat can make a request that is under way a grandparent.
        let rollback = Some(Rollback::Failover);
        is_broken(HONEST, World { rollback, horizon: 12, ..bound(Rule::Decide, 2) });
        is_broken(KEYLESS, bound_and_robbed(Rule::ProofIgnored));
        is_broken(HONEST, bound_and_robbed(Rule::ReuseBeforeProof));
        is_broken(HONEST, World { key: Key::Unbound, ..bound(Rule::Decide, 1) });
        let too_young = times(0, 1);
        is_broken(HONEST, World { times: too_young, horizon: 18, ..bound(Rule::Decide, 2) });
    }

    #[test]
    fn other_rules_are_found_out() {
        for rule in [
            Rule::Strict,
            Rule::ParentAlways,
            Rule::Displacing,
            Rule::SameSuccessor,
            Rule::Extending,
            Rule::AnyAncestor,
            Rule::YoungWithCookie,
        ] {
            is_broken(HONEST, honest(rule, 2, 0));
        }
        for rule in [Rule::ParentAlways, Rule::Sibling, Rule::Extending, Rule::AnyAncestor] {
            is_broken(THEFT, robbed(rule));
        }
        is_broken(HONEST, World { rollback: Some(Rollback::Failover), ..honest(Rule::HealBeyond, 2, 0) });
        is_broken(LINEAGE, honest(Rule::ParentAlways, 2, 0));
        is_broken(LINEAGE, honest(Rule::Sibling, 2, 0));
        is_broken(ANCESTOR, honest(Rule::AnyAncestor, 2, 0));
    }

    /// The right rule in a server that does something else wrong: every other property can fail too.
    #[test]
    fn other_mistakes_are_found_out() {
        let server = |mistake| World { mistake: Some(mistake), ..honest(Rule::Decide, 2, 0) };
        is_broken(LOST, World { crashes: 1, ..server(Mistake::AnswersBeforeTheCommit) });
        is_broken(LOGOUT, World { logout: true, ..server(Mistake::ForgetsTheLogout) });
        is_broken(DETECTED, World { mistake: Some(Mistake::ForgetsTheDetection), ..robbed(Rule::Decide) });
        is_broken(
            END,
            World { times: Times { absolute: 6, ..times(0, 1) }, ..server(Mistake::IgnoresTheEnd) },
        );
        is_broken(
            BACK,
            World { times: Times { min_age: 1, ..times(0, 1) }, ..server(Mistake::WritesBackAnOldRow) },
        );
    }

    /// The bounds are tight: one tick less of either and a schedule exists that logs an honest user out.
    #[test]
    fn one_tick_less_is_too_little() {
        for losses in [0, 1] {
            let enough = times(losses, 1);
            let horizon = 18;
            for times in
                [Times { grace: enough.grace - 1, ..enough }, Times { min_age: enough.min_age - 1, ..enough }]
            {
                let world = honest(Rule::Decide, 2, losses.try_into().unwrap());
                is_broken(HONEST, World { times, horizon, ..world });
            }
        }
    }

    /// Tabs, losses and a log-out up to the session's end; a thief; a database that goes back; one that is restored.
    fn played() -> [World; 7] {
        let end = Times { absolute: 36, ..times(2, 1) };
        let tabs = World { times: end, horizon: 40, newest: 9, logout: true, ..honest(Rule::Decide, 3, 2) };
        let thief = World { horizon: 24, newest: 9, logout: true, ..robbed(Rule::Decide) };
        let failover = World {
            rollback: Some(Rollback::Failover),
            horizon: 30,
            newest: 9,
            ..honest(Rule::Decide, 2, 1)
        };
        let restore = World { rollback: Some(Rollback::Restore), logout: true, ..failover.clone() };
        let end = Times { absolute: 36, ..bound(Rule::Decide, 3).times };
        let bound = World { times: end, horizon: 40, newest: 9, logout: true, ..bound(Rule::Decide, 3) };
        let jar_alone = World { horizon: 24, newest: 9, logout: true, ..bound_and_robbed(Rule::Decide) };
        let jar_and_key = World { key: Key::BothHave, ..jar_alone.clone() };
        [tabs, thief, failover, restore, bound, jar_alone, jar_and_key]
    }

    /// The first of so many schedules in which the product does something else.
    async fn first_difference(scene: &Scene, schedules: u32) -> Option<(u32, String)> {
        for schedule in 1..=schedules {
            if let Some(difference) = scene.differs().await {
                return Some((schedule, difference));
            }
        }
        None
    }

    #[tokio::test]
    async fn the_product_follows_the_model() {
        let mut answers = BTreeMap::new();
        // Each schedule takes ten times as long on a server.
        let schedules = if crate::database::is_wanted() { 60 } else { 350 } * if deep() { 100 } else { 1 };
        for world in played() {
            let scene = Scene::new(world, 1).await;
            assert_eq!(first_difference(&scene, schedules).await, None);
            for (answer, count) in scene.answers.take() {
                *answers.entry(answer).or_insert(0) += count;
            }
        }
        println!("{answers:?}");
        let all =
            ["expired", "fresh", "healed", "over", "proof required", "reused", "rotated", "the same again"];
        assert!(answers.keys().eq(&all));
    }

    #[tokio::test]
    async fn the_product_does_not_follow_other_models() {
        let [tabs, thief, failover, restore, bound, jar_alone, _] = played();
        let rule = |rule, world: &World| World { rule, ..world.clone() };
        let mistake = |mistake, world: &World| World { mistake: Some(mistake), ..world.clone() };
        for world in [
            rule(Rule::Strict, &tabs),
            rule(Rule::ParentAlways, &thief),
            rule(Rule::Sibling, &tabs),
            rule(Rule::Displacing, &tabs),
            rule(Rule::SameSuccessor, &tabs),
            rule(Rule::Extending, &thief),
            rule(Rule::AnyAncestor, &thief),
            rule(Rule::YoungWithCookie, &tabs),
            rule(Rule::HealBeyond, &failover),
            World { rollback: Some(Rollback::Failover), ..restore.clone() },
            mistake(Mistake::ForgetsTheLogout, &tabs),
            mistake(Mistake::IgnoresTheEnd, &tabs),
            rule(Rule::LateReplayStands, &bound),
            rule(Rule::ProofIgnored, &jar_alone),
            rule(Rule::ReuseBeforeProof, &jar_alone),
        ] {
            let scene = Scene::new(world.clone(), 1).await;
            let difference = first_difference(&scene, 400).await;
            let (schedule, difference) = difference.unwrap_or_else(|| panic!("not found: {world:?}"));
            println!("schedule {schedule}: {difference}");
        }
    }
}
