//! From a log-out at one node to the refusal at another, and to the event at a follower of that one's feed; with the bell and
//! without it. `cargo bench -p countersign --bench nodes -- postgres://user:password@host/empty_database [--logouts 300]`.
//!
//! Both nodes are in this process, with connections of their own. A time begins with the call, so it has the commit in it.
#![expect(clippy::print_stdout, reason = "a measurement reports to whoever runs it")]

use std::sync::Arc;
use std::time::Duration;

use countersign::guard::feed::{FeedCaller, FeedRequest};
use countersign::internal::base::clock::Clock;
use countersign::internal::base::id::AccountId;
use countersign::internal::base::master_key::MasterKeys;
use countersign::internal::base::random::Random;
use countersign::internal::flows::logout::Scope;
use countersign::internal::model::account::{NewAccount, Username};
use countersign::internal::model::context::{Actor, Context};
use countersign::store::AccountStore as _;
use countersign::store::postgres::{DatabaseUrl, PostgresStore};
use countersign::{AuthMethods, Countersign, Options, OutsideProof, SignedIn};
use http::header::ACCEPT;
use http_body_util::BodyExt as _;
use tokio::sync::mpsc;

type Error = Box<dyn std::error::Error + Send + Sync>;
type Node = Arc<Countersign<PostgresStore>>;

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let (url, logouts) = match &arguments[..] {
        [url] => (url, 300),
        [url, option, count] if option == "--logouts" => (url, count.parse()?),
        // As with `cargo test --benches`: there is nothing to measure.
        _ => return Ok(()),
    };
    let url = DatabaseUrl::parse(url)?;
    let nowhere = DatabaseUrl::parse("postgres://nobody@127.0.0.1:1/nowhere")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    println!("{logouts} log-outs, in ms        refused p50      p99  follower p50      p99");
    runtime.block_on(async {
        measure("with the bell", &url, logouts).await?;
        measure("without the bell", &url.clone().with_bell(nowhere), logouts).await
    })
}

async fn measure(name: &str, url: &DatabaseUrl, logouts: usize) -> Result<(), Error> {
    let clock = Clock::system();
    let (here, there) = (open(url).await?, open(url).await?);
    let account = account(&here).await?;
    let running = [Arc::clone(&here), Arc::clone(&there)]
        .map(|node| tokio::spawn(async move { node.run_upkeep().await }));
    let mut news = follow(&there, &clock).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (mut refused, mut heard) = (Vec::new(), Vec::new());
    for n in 0..logouts {
        let signed_in = sign_in(&here, account, &clock).await?;
        let session = signed_in.session_id.to_string();
        // At no fixed place between two looks.
        tokio::time::sleep(Duration::from_millis(60 + u64::try_from(n * 37 % 101)?)).await;
        let token = signed_in.refresh.ok_or("a refresh token")?.token;
        let began = clock.monotonic();
        here.logout(&token, Scope::This, &context(&clock)).await?;
        while !there.guard().revocations().contains(&session) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        refused.push(clock.monotonic().saturating_sub(began));
        while let Some((text, at)) = news.recv().await {
            if text.contains(&session) {
                heard.push(at.saturating_sub(began));
                break;
            }
        }
    }
    running.iter().for_each(tokio::task::JoinHandle::abort);
    println!(
        "{name:<28} {:>9} {:>8} {:>13} {:>8}",
        quantile(&mut refused, 50),
        quantile(&mut refused, 99),
        quantile(&mut heard, 50),
        quantile(&mut heard, 99)
    );
    Ok(())
}

async fn open(url: &DatabaseUrl) -> Result<Node, Error> {
    let (random, options) = (Random::system(), Options::new("https://auth.example", "api"));
    let store = PostgresStore::open(url, options.sessions, &random).await?;
    let master_keys = MasterKeys::generate(&Random::insecure_seeded(1));
    Ok(Arc::new(Countersign::open(store, options, master_keys, Clock::system(), random).await?))
}

fn context(clock: &Clock) -> Context {
    Context::local(Actor::Anonymous, clock.now())
}

async fn account(node: &Node) -> Result<AccountId, Error> {
    let id = AccountId::random(&Random::system());
    let account = NewAccount::new(id, Username::parse(&format!("u{}", &id.to_string()[..8]))?);
    node.store().create_account(account, &context(node.clock())).await?;
    Ok(id)
}

async fn sign_in(node: &Node, account: AccountId, clock: &Clock) -> Result<SignedIn, Error> {
    let proof = OutsideProof::new("bench", AuthMethods::NONE);
    let vouched = node.vouch_for(account, proof, &context(clock)).await?;
    Ok(node.start_session(vouched, None, &context(clock)).await?)
}

/// What a follower of this node's feed gets, and when.
async fn follow(node: &Node, clock: &Clock) -> Result<mpsc::UnboundedReceiver<(String, Duration)>, Error> {
    let accept = [(ACCEPT, "text/event-stream".parse()?)].into_iter().collect();
    let request = FeedRequest::parse(None, &accept).map_err(|error| format!("{error:?}"))?;
    let response = node.feed().respond(request, FeedCaller::default()).await;
    let mut stream = response.map_err(|error| format!("{error:?}"))?.into_body();
    let (sender, receiver) = mpsc::unbounded_channel();
    let clock = clock.clone();
    tokio::spawn(async move {
        while let Some(Ok(frame)) = stream.frame().await {
            let text = frame.into_data().map(|data| String::from_utf8_lossy(&data).into_owned());
            if sender.send((text.unwrap_or_default(), clock.monotonic())).is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}

/// In milliseconds.
fn quantile(times: &mut [Duration], percent: usize) -> String {
    times.sort_unstable();
    let index = (times.len() * percent).div_ceil(100).saturating_sub(1);
    times.get(index).map_or_else(|| "-".to_owned(), |time| format!("{:.1}", time.as_secs_f64() * 1e3))
}
