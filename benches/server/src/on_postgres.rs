//! The second half of a table: the same sessions on PostgreSQL, one node and two, and what one commit for each refresh costs.

use std::path::Path;

use crate::client::Load;
use crate::process::{self, Process};
use crate::quota::Quota;
use crate::shared_store::SharedStore;
use crate::{Bench, Measuring, columns, requests, say};

impl Bench {
    /// The same sessions on PostgreSQL, which has core 1 together with the generator.
    pub(crate) async fn shared(
        &self,
        data: &Path,
        shared: &SharedStore,
        tokens: Vec<String>,
    ) -> anyhow::Result<()> {
        let mut parts = tokens.chunks(tokens.len().div_ceil(10)).map(<[String]>::to_vec);
        let mut part = || parts.next().unwrap_or_default();
        let server = Process::server(&self.binary, data, &self.disk, Some(shared.url()))?;
        let on = Measuring { server: &server, shared: Some(shared) };
        let at = server.address;
        let many = [part(), part(), part(), part()].concat();
        self.line(on, "PostgreSQL: refresh, 64 clients", 64, requests::refreshes(at, many)).await?;
        self.line(on, "PostgreSQL: refresh, 1 client", 1, requests::refreshes(at, part())).await?;
        self.line(on, "PostgreSQL: login, 4 clients", 4, requests::constant(requests::login(at))).await?;
        drop(server);
        if let Some(quota) = Quota::of_each_node() {
            let one = self.together(data, shared, &quota, vec![part()]).await?;
            let two = self.together(data, shared, &quota, vec![part(), part()]).await?;
            say(&format!("{:<40} {:>8.2}", "two nodes to one", two / one));
        }
        // These change sessions whose tokens nobody has any more: the last.
        let seconds = self.seconds.to_string();
        for (name, arguments) in [
            ("in batches, without HTTP, 64 callers", &["batches", shared.url(), &seconds, "64"][..]),
            ("in batches, without HTTP, 256 callers", &["batches", shared.url(), &seconds, "256"]),
            ("one commit each, 8 connections", &["statements", shared.url(), &seconds, "8"]),
            ("one commit each, 32 connections", &["statements", shared.url(), &seconds, "32"]),
        ] {
            let before = shared.cpu_seconds()?;
            let done = process::number(arguments, &self.disk)?;
            let each = (shared.cpu_seconds()? - before) * 1e6 / (done * self.seconds);
            say(&format!("{name:<40} {done:>8.0} {each:>70.1}"));
        }
        say(&format!("{:<40} {:>8.4}", "updates on their own page (HOT)", shared.hot_share()?));
        Ok(())
    }

    /// Refreshes a second of so many nodes at once: all on core 0, each with the same part of it.
    async fn together(
        &self,
        data: &Path,
        shared: &SharedStore,
        quota: &Quota,
        parts: Vec<Vec<String>>,
    ) -> anyhow::Result<f64> {
        let (mut nodes, mut loads) = (Vec::new(), tokio::task::JoinSet::new());
        for tokens in parts {
            let node = Process::server(&self.binary, data, &self.disk, Some(shared.url()))?;
            quota.limit(node.id())?;
            let load = Load { address: node.address, clients: 64, seconds: self.seconds, every: None };
            loads.spawn(load.run(requests::refreshes(node.address, tokens)));
            nodes.push(node);
        }
        let mut per_second = 0.0;
        while let Some(measured) = loads.join_next().await {
            let measured = measured??;
            say(&format!(
                "{:<40} {}",
                format!("one of {} nodes, 64 clients each", nodes.len()),
                columns(&measured)
            ));
            per_second += measured.per_second;
        }
        Ok(per_second)
    }
}
