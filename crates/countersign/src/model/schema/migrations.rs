//! The rules: which steps a program makes, and when it leaves a database alone.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::model::schema::{Node, Schema, SchemaRange, SchemaRefused, SchemaStatus, Step, StepKind};

/// Which steps are to be made: see [`Migrations`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migrate {
    /// What older programs do not notice.
    Expand,
    /// That, and then what they cannot live with.
    Contract,
}

/// The steps by which a program brings tables up to date, and whether it makes any when it opens a database.
///
/// Steps that *expand* are those that older versions of the program do not notice, so a node makes them when it starts, beside
/// nodes of the version before. Steps that *contract* take away what only older versions need: they are made by
/// `countersign migrate --contract` alone, when no older node is running.
#[derive(Clone, Debug)]
pub struct Migrations {
    steps: Cow<'static, [Step]>,
    oldest: i64,
    program: &'static str,
    by_command_only: bool,
}

impl Migrations {
    /// The steps in their order, and the last of them that the program cannot do without.
    pub(crate) const fn of(oldest: i64, steps: &'static [Step]) -> Self {
        let program = env!("CARGO_PKG_VERSION");
        Self { steps: Cow::Borrowed(steps), oldest, program, by_command_only: false }
    }

    /// Those of another version of the program, which knows these steps too and cannot do without those up to `oldest`.
    #[cfg(feature = "internal-testing")]
    #[must_use]
    pub fn and(&self, program: &'static str, oldest: i64, steps: &[Step]) -> Self {
        let steps = Cow::Owned([&self.steps, steps].concat());
        Self { steps, oldest, program, by_command_only: self.by_command_only }
    }

    /// The same steps, of which none is made when a database is opened: `countersign migrate` makes them.
    #[must_use]
    pub fn by_command_only(self) -> Self {
        Self { by_command_only: true, ..self }
    }

    /// The schemas that the program works with.
    #[must_use]
    pub fn range(&self) -> SchemaRange {
        SchemaRange { oldest: self.oldest, newest: self.steps.last().map_or(0, |step| step.version) }
    }

    /// The version of the program.
    pub(crate) const fn program(&self) -> &'static str {
        self.program
    }

    /// The steps to make before these tables are worked with; none if they can be used as they are.
    ///
    /// # Errors
    /// [`SchemaRefused::TooNew`], and [`SchemaRefused::TooOld`] where only a command makes steps.
    pub(crate) fn on_opening(&self, found: &Schema) -> Result<Vec<Step>, SchemaRefused> {
        let missing = self.missing(found, Migrate::Expand)?;
        if !self.by_command_only {
            return Ok(missing);
        }
        if self.runs_on(found) {
            return Ok(Vec::new());
        }
        Err(SchemaRefused::TooOld { version: found.version(), needed: self.oldest })
    }

    /// The steps that are wanted and not made yet, those that expand first.
    ///
    /// # Errors
    /// [`SchemaRefused::TooNew`].
    pub(crate) fn missing(&self, found: &Schema, wanted: Migrate) -> Result<Vec<Step>, SchemaRefused> {
        self.check(found)?;
        let (contract, expand): (Vec<Step>, Vec<Step>) = self
            .steps
            .iter()
            .filter(|step| !found.has(step.version))
            .partition(|step| step.kind == StepKind::Contract);
        Ok(match wanted {
            Migrate::Expand => expand,
            Migrate::Contract => [expand, contract].concat(),
        })
    }

    /// Whether this program can work with these tables, once it has made its own steps.
    ///
    /// # Errors
    /// [`SchemaRefused::TooNew`].
    pub(crate) fn check(&self, found: &Schema) -> Result<(), SchemaRefused> {
        let known = self.range().newest;
        if found.oldest_reader() <= known {
            return Ok(());
        }
        Err(SchemaRefused::TooNew {
            version: found.version(),
            oldest_reader: found.oldest_reader(),
            needed: found.program().to_owned(),
            program: self.program.to_owned(),
            known,
        })
    }

    /// Whether this program works with these tables as they are.
    pub(crate) fn runs_on(&self, found: &Schema) -> bool {
        let mut needed = self.steps.iter().filter(|step| step.version <= self.oldest);
        self.check(found).is_ok()
            && needed.all(|step| step.kind == StepKind::Contract || found.has(step.version))
    }

    /// Whether tables are as those that this program makes.
    pub(crate) fn is_current(&self, found: &Schema) -> bool {
        found.version() <= self.range().newest
            && self.missing(found, Migrate::Expand).is_ok_and(|missing| missing.is_empty())
    }

    /// A database, as an operator wants to see it.
    pub(crate) fn status(&self, found: &Schema, nodes: Vec<Node>) -> SchemaStatus {
        let versions = |wanted| {
            let missing = self.missing(found, wanted).unwrap_or_default();
            missing.iter().map(|step| step.version).collect::<BTreeSet<_>>()
        };
        let expand = versions(Migrate::Expand);
        SchemaStatus {
            version: found.version(),
            oldest_reader: found.oldest_reader(),
            known: self.range(),
            to_contract: versions(Migrate::Contract).difference(&expand).copied().collect(),
            to_expand: expand.into_iter().collect(),
            nodes,
        }
    }
}

impl Step {
    /// Whether it may be made while these nodes are known.
    ///
    /// # Errors
    /// [`SchemaRefused::OlderNode`].
    pub(crate) fn check_nodes(&self, nodes: &[Node]) -> Result<(), SchemaRefused> {
        let is_harmed = |node: &&Node| node.is_alive() && node.schemas.newest < self.oldest_reader;
        match nodes.iter().find(is_harmed) {
            Some(node) => Err(SchemaRefused::OlderNode {
                step: self.version,
                oldest_reader: self.oldest_reader,
                node: Box::new(node.clone()),
            }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::base::id::NodeId;
    use crate::base::random::Random;
    use crate::model::schema::Made;

    /// The steps of version 3 of a program: 2 is contracted away by 4.
    const STEPS: &[Step] = &[
        Step::expand(1, 1, "one"),
        Step::expand(2, 1, "two"),
        Step::expand(3, 1, "three"),
        Step::contract(4, 3, "four"),
        Step::index(5, 3, "five", "five"),
    ];

    fn knows(newest: usize) -> Migrations {
        let oldest = newest.min(3).try_into().unwrap();
        Migrations { program: "3.0", ..Migrations::of(oldest, &STEPS[..newest]) }
    }

    fn found(versions: &[i64]) -> Schema {
        let made = |step: &&Step| Made {
            version: step.version,
            oldest_reader: step.oldest_reader,
            program: format!("{}.0", step.version),
        };
        Schema::new(
            STEPS.iter().filter(|step| versions.contains(&step.version)).map(|it| made(&it)).collect(),
        )
    }

    fn versions(steps: Result<Vec<Step>, SchemaRefused>) -> Vec<i64> {
        steps.unwrap().iter().map(|step| step.version).collect()
    }

    #[test]
    fn whoever_opens_makes_what_is_missing_and_never_contracts() {
        assert_eq!(versions(knows(5).on_opening(&Schema::default())), [1, 2, 3, 5]);
        assert_eq!(versions(knows(5).on_opening(&found(&[1, 2, 3]))), [5]);
        assert_eq!(versions(knows(5).on_opening(&found(&[1, 2, 3, 5]))), [0; 0]);
        assert_eq!(versions(knows(5).missing(&found(&[1, 2]), Migrate::Contract)), [3, 5, 4]);
        let status = knows(5).status(&found(&[1, 2]), Vec::new());
        assert_eq!((status.to_expand, status.to_contract), (vec![3, 5], vec![4]));
    }

    #[test]
    fn an_older_program_works_with_newer_tables_until_they_are_contracted() {
        for newest in [1, 2, 3] {
            assert_eq!(versions(knows(newest).on_opening(&found(&[1, 2, 3, 5][..newest]))), [0; 0]);
        }
        // 5 needs schema 3, whether 4 was made before it or not.
        assert_eq!(versions(knows(3).on_opening(&found(&[1, 2, 3, 4, 5]))), [0; 0]);
        for beyond in [&[1, 2, 3, 4][..], &[1, 2, 3, 5]] {
            let refused = knows(2).on_opening(&found(beyond)).unwrap_err();
            let SchemaRefused::TooNew { version, oldest_reader, needed, known, .. } = &refused else {
                panic!()
            };
            assert_eq!((*version, *oldest_reader, *known), (*beyond.last().unwrap(), 3, 2));
            assert_eq!(needed, "3.0", "the program that made schema 3 knows it");
            assert!(refused.to_string().contains("needs at least version 3.0"), "{refused}");
        }
    }

    #[test]
    fn by_command_only_the_tables_are_used_as_they_are_or_not_at_all() {
        let program = knows(5).by_command_only();
        assert_eq!(versions(program.on_opening(&found(&[1, 2, 3]))), [0; 0]);
        for (tables, version) in [(&[1, 2][..], 2), (&[], 0)] {
            let refused = program.on_opening(&found(tables)).unwrap_err();
            assert_eq!(refused, SchemaRefused::TooOld { version, needed: 3 });
        }
        assert_eq!(versions(program.missing(&found(&[1]), Migrate::Expand)), [2, 3, 5]);
    }

    #[test]
    fn a_step_is_kept_back_by_each_node_that_it_would_harm() {
        let node = |newest, seconds| Node {
            id: NodeId::random(&Random::insecure_seeded(1)),
            program: "2.0".to_owned(),
            schemas: SchemaRange { oldest: 1, newest },
            silent_for: Duration::from_secs(seconds),
        };
        let contract = &STEPS[3];
        assert_eq!(contract.check_nodes(&[node(3, 0), node(2, 60), node(5, 0)]), Ok(()));
        let refused = contract.check_nodes(&[node(3, 0), node(2, 59)]).unwrap_err();
        assert!(matches!(&refused, SchemaRefused::OlderNode { step: 4, .. }), "{refused:?}");
        assert!(refused.to_string().contains("(version 2.0, schema 2) was heard of 59 s ago"), "{refused}");
    }
}
