#include "daemon/config/options.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>

#include "daemon/base/limits.hpp"
#include "daemon/config/syntax.hpp"

namespace ringside::config {
namespace {

// A captureless lambda that leads to a field; its type picks the alternative of Field.
#define RINGSIDE_FIELD(member) +[](Config& c) -> auto& { return c.member; }

constexpr std::int64_t second = 1000;
constexpr std::int64_t minute = 60 * second;
constexpr std::int64_t hour = 60 * minute;

const std::array table = {
    Option{.path = "cluster",
           .field = RINGSIDE_FIELD(cluster),
           .help = "Name of the cluster; members with another name are refused (Ringpop's app).",
           .reason = "a first cluster needs no setting.",
           .check = check_cluster,
           .unit = "NAME"},
    Option{
        .path = "node.name",
        .field = RINGSIDE_FIELD(node.name),
        .help =
            "Name of this member; the ring hashes it, so it should survive restarts. Empty: the host name.",
        .reason = "host names are unique where one daemon runs on each host.",
        .check = check_name,
        .unit = "NAME",
        .alias = "name",
        .own = true},
    Option{.path = "node.labels",
           .field = RINGSIDE_FIELD(node.labels),
           .help = "Labels that the other members see, at most 5 of up to 32 bytes of key and 128 of value.",
           .reason = "ringpop-node drops labels, so none suits every cluster.",
           .check = check_label,
           .own = true},
    Option{.path = "node.data_dir",
           .field = RINGSIDE_FIELD(node.data_dir),
           .help =
               "Folder of this member alone, for what it keeps over a restart: the addresses of the others, "
               "to ask them besides join.seeds, and the keys that `ringside keys` has changed. Made if it is "
               "not there. Empty: nothing is kept, and keys change by security.cluster_key_file only.",
           .reason = "several members may run on one machine, and no two may share a folder.",
           .unit = "FOLDER",
           .own = true},
    Option{.path = "node.weight",
           .field = RINGSIDE_FIELD(node.weight),
           .help =
               "How many times the usual share of keys this member takes. Ringpop knows no weights: beside "
               "a Ringpop member it has to be 1.",
           .reason = "hosts are mostly alike.",
           .range = {1, limits::weight},
           .unit = "times",
           .own = true},
    Option{.path = "listen.api",
           .field = RINGSIDE_FIELD(listen.api),
           .help = "Where the local API listens: host:port, unix:/path, or https://host:port for TLS with "
                   "listen.tls.cert.",
           .reason = "the app and the operator on this host, nobody else.",
           .check = check_listen_http,
           .unit = "ADDRESS",
           .own = true},
    Option{.path = "listen.peer",
           .field = RINGSIDE_FIELD(listen.peer),
           .help = "Where other members reach this one, for gossip and for forwarded requests.",
           .reason = "loopback is safe without a key; a real cluster names its address here.",
           .check = check_listen_peer,
           .unit = "ADDRESS",
           .own = true},
    Option{.path = "listen.ingress",
           .field = RINGSIDE_FIELD(listen.ingress),
           .help = "Where requests for the apps are taken and nothing else: no page of the API is served "
                   "there. https://host:port for TLS. Empty: nowhere.",
           .reason = "listen.api takes requests for the apps too; this is for those who may not see the API.",
           .check = check_listen_http,
           .unit = "ADDRESS",
           .own = true},
    Option{.path = "listen.tchannel",
           .field = RINGSIDE_FIELD(listen.tchannel),
           .help =
               "Where TChannel calls for the app are taken, routed by their sk header, and Ringpop's admin "
               "calls. Empty: nowhere.",
           .reason = "only who has a TChannel app or Ringpop's tools needs it.",
           .check = check_listen_tchannel,
           .unit = "ADDRESS",
           .own = true},
    Option{.path = "listen.telemetry",
           .field = RINGSIDE_FIELD(listen.telemetry),
           .help = "Where the health pages and /metrics are served to whoever asks, and nothing else. "
                   "https://host:port for TLS. Empty: on listen.api alone.",
           .reason = "Prometheus or a load balancer on another host needs it; they have no token to show.",
           .check = check_listen_http,
           .unit = "ADDRESS",
           .own = true},
    Option{.path = "listen.tls.cert",
           .field = RINGSIDE_FIELD(listen.tls.cert),
           .help =
               "PEM file with the certificate that is shown at every https:// of listen.api, .ingress and "
               ".telemetry, and those between it and its authority. SIGHUP reads it again.",
           .reason = "on this machine's own addresses none is needed.",
           .unit = "FILE",
           .own = true},
    Option{.path = "listen.tls.key",
           .field = RINGSIDE_FIELD(listen.tls.key),
           .help = "PEM file with the private key of listen.tls.cert.",
           .reason = "on this machine's own addresses none is needed.",
           .unit = "FILE",
           .own = true},
    Option{.path = "advertise",
           .field = RINGSIDE_FIELD(advertise),
           .help = "Address that the other members dial. Empty: listen.peer, or the host's own address when "
                   "that is a wildcard.",
           .reason = "it differs from listen.peer only behind address translation.",
           .check = check_advertise,
           .unit = "ADDRESS",
           .own = true},
    Option{.path = "join.seeds",
           .field = RINGSIDE_FIELD(join.seeds),
           .help = "Members to join through: host:port, dns://name:port (all its addresses), srv://name, "
                   "file:path (one a line). Our own address among them is skipped.",
           .reason = "the first member of a cluster has nobody to join.",
           .check = check_seed,
           .unit = "SEED",
           .alias = "join",
           .own = true},
    Option{.path = "join.refresh",
           .field = RINGSIDE_FIELD(join.refresh),
           .help = "How often the seeds are looked up again.",
           .reason =
               "a usual lifetime of DNS records of services; a file is read again as soon as it is written.",
           .range = {second, hour}},
    Option{.path = "join.min_members",
           .field = RINGSIDE_FIELD(join.min_members),
           .help = "Serve only once the ring has had this many members.",
           .reason = "a single node must work.",
           .range = {1, 4096},
           .unit = "members"},
    Option{.path = "join.timeout",
           .field = RINGSIDE_FIELD(join.timeout),
           .help = "End with an error when no seed has answered so long after the start, or join.min_members "
                   "are not there yet. 0: go on trying.",
           .reason = "whole clusters are started in any order, and after a power cut nobody is there first.",
           .range = {0, 24 * hour}},
    Option{.path = "gossip.period",
           .field = RINGSIDE_FIELD(gossip.period),
           .help = "Least time between two pings of this member.",
           .reason = "Ringpop's; 5 pings a second find a dead member soon.",
           .range = {10, minute}},
    Option{.path = "gossip.ping_timeout",
           .field = RINGSIDE_FIELD(gossip.ping_timeout),
           .help = "How long a ping waits for its answer at most.",
           .reason = "Ringpop's.",
           .range = {10, minute}},
    Option{.path = "gossip.ping_timeout_min",
           .field = RINGSIDE_FIELD(gossip.ping_timeout_min),
           .help = "And where answers are usually quick: ten times their usual time, not under this.",
           .reason = "a silent member is suspected two seconds sooner, and can still defend itself. "
                     "As long as gossip.ping_timeout: always that, as Ringpop does.",
           .range = {10, minute}},
    Option{
        .path = "gossip.ping_req_timeout",
        .field = RINGSIDE_FIELD(gossip.ping_req_timeout),
        .help = "How long an indirect ping waits; it holds a helper's own ping, so not under ping_timeout.",
        .reason = "Ringpop's.",
        .range = {10, 5 * minute}},
    Option{.path = "gossip.ping_req_size",
           .field = RINGSIDE_FIELD(gossip.ping_req_size),
           .help = "Members asked to ping a target that did not answer.",
           .reason = "Ringpop's: at 1 % loss 3 helpers leave about one false suspicion in a million pings.",
           .range = {0, 10},
           .unit = "helpers"},
    Option{.path = "gossip.suspect_timeout",
           .field = RINGSIDE_FIELD(gossip.suspect_timeout),
           .help = "How long a suspect may defend itself before it counts as faulty and its keys move.",
           .reason = "Ringpop's: 25 periods, time for a refutation to cross a large cluster.",
           .range = {100, 10 * minute}},
    Option{.path = "gossip.checksum",
           .field = RINGSIDE_FIELD(gossip.checksum),
           .help = "Whose membership checksum to speak; members of one cluster must agree.",
           .reason = "ringpop-go's covers labels, and names travel as labels."},
    Option{.path = "gossip.reap.faulty",
           .field = RINGSIDE_FIELD(gossip.reap.faulty),
           .help = "How long a faulty member is remembered before it becomes a tombstone.",
           .reason = "a network that heals within the hour finds its members known.",
           .range = {second, 168 * hour}},
    Option{.path = "gossip.reap.tombstone",
           .field = RINGSIDE_FIELD(gossip.reap.tombstone),
           .help = "How long a tombstone is kept before the member is forgotten.",
           .reason = "many times what gossip needs to reach all members.",
           .range = {second, 24 * hour}},
    Option{.path = "gossip.heal.period",
           .field = RINGSIDE_FIELD(gossip.heal.period),
           .help = "How often members consider to look among the seeds for a partition that was lost.",
           .reason = "Ringpop's: about three looks a period in the whole cluster.",
           .range = {second, hour}},
    Option{.path = "gossip.heal.lonely_period",
           .field = RINGSIDE_FIELD(gossip.heal.lonely_period),
           .help = "The same for a member that holds as many for gone as are left, at first; then less and "
                   "less often. 0: no difference.",
           .reason = "most likely it is the one that was cut off, and is back within seconds after that.",
           .range = {0, hour}},
    Option{
        .path = "gossip.heal.doubt",
        .field = RINGSIDE_FIELD(gossip.heal.doubt),
        .help = "While we hold a member for suspect or faulty, and so long after its return, its word that "
                "others are dead makes them no more than suspects. 0: it is believed at once.",
        .reason = "twice suspect_timeout: who was cut off, or half of a split cluster, holds the others for "
                  "dead until they have refuted.",
        .range = {0, hour}},
    Option{
        .path = "gossip.catch_up",
        .field = RINGSIDE_FIELD(gossip.catch_up),
        .help = "Just started, ask others for their whole list while ours grows, and while theirs differs.",
        .reason = "members that start together know each other a second later."},
    Option{
        .path = "gossip.death_fanout",
        .field = RINGSIDE_FIELD(gossip.death_fanout),
        .help = "Who declares a member faulty, or hears of it, tells so many others at once. 0: with the "
                "next pings.",
        .reason = "a death is known everywhere within a few round trips; three would miss one member of 20.",
        .range = {0, 20}},
    Option{.path = "gossip.retransmit_mult",
           .field = RINGSIDE_FIELD(gossip.retransmit_mult),
           .help = "A change rides on so many pings and answers of each member, times the digits of the "
                   "members' number.",
           .reason = "what is lost on the way is told again, and 1,000 members that come and go every second "
                     "do not fill the pings; Ringpop's is 15, memberlist's 4.",
           .range = {1, 100}},
    Option{.path = "gossip.full_sync_pause",
           .field = RINGSIDE_FIELD(gossip.full_sync_pause),
           .help =
               "From one whole list that answers a ping until the next one, for each member in it: 10 s at "
               "1,000 members. 0: no pause, as Ringpop has it.",
           .reason = "everybody pings a newcomer, and before it has news of its own a list would go to each.",
           .range = {0, 1000}},
    Option{
        .path = "gossip.lifeguard.health_max",
        .field = RINGSIDE_FIELD(gossip.lifeguard.health_max),
        .help =
            "A member that finds itself slow multiplies gossip.period and gossip.ping_timeout by up to 1 + "
            "this; 0: never.",
        .reason =
            "6 s for an answer are enough for whoever is not gone, and the cluster is heard again soon.",
        .range = {0, 20}},
    Option{.path = "gossip.lifeguard.confirmations",
           .field = RINGSIDE_FIELD(gossip.lifeguard.confirmations),
           .help = "Other members that must suspect a suspect too, before it has no more than "
                   "gossip.suspect_timeout; 0: none.",
           .reason = "a dead member has them within seconds; a single slow accuser is not believed so soon.",
           .range = {0, 10},
           .unit = "members"},
    Option{.path = "gossip.lifeguard.suspect_factor",
           .field = RINGSIDE_FIELD(gossip.lifeguard.suspect_factor),
           .help = "A suspect that nobody else suspects has so many times gossip.suspect_timeout.",
           .reason = "Lifeguard's; 1 gives everybody the same time, as Ringpop does.",
           .range = {1, 20}},
    Option{.path = "gossip.lifeguard.buddy",
           .field = RINGSIDE_FIELD(gossip.lifeguard.buddy),
           .help = "Tell a suspect with every ping that it is suspected.",
           .reason = "it can defend itself at once."},
    Option{.path = "gossip.lifeguard.oversleep",
           .field = RINGSIDE_FIELD(gossip.lifeguard.oversleep),
           .help = "When this process was not run in time, accuse nobody for what it missed.",
           .reason = "who sleeps hears no answers; the others did nothing wrong."},
    Option{.path = "gossip.proof_of_death",
           .field = RINGSIDE_FIELD(gossip.proof_of_death),
           .help = "A member whose machine refuses connections, as several members find, is faulty at once.",
           .reason = "a killed process owns no key any more within a moment; silence proves nothing."},
    Option{.path = "gossip.damping.enabled",
           .field = RINGSIDE_FIELD(gossip.damping.enabled),
           .help = "A member that comes and goes again and again stays out of the ring for a while.",
           .reason = "each time its keys move to others and back."},
    Option{.path = "gossip.damping.suppress",
           .field = RINGSIDE_FIELD(gossip.damping.suppress),
           .help = "The score at which a member is damped; each return to the ring adds 500.",
           .reason = "Ringpop's: about ten returns within a few minutes.",
           .range = {500, 10'000},
           .unit = "points"},
    Option{.path = "gossip.damping.reuse",
           .field = RINGSIDE_FIELD(gossip.damping.reuse),
           .help = "The score at which it takes its place again; below gossip.damping.suppress.",
           .reason = "Ringpop's: one half-life after it was damped.",
           .range = {1, 10'000},
           .unit = "points"},
    Option{.path = "gossip.damping.half_life",
           .field = RINGSIDE_FIELD(gossip.damping.half_life),
           .help = "In this time a score falls by half.",
           .reason = "a host that is restarted now and then never comes near.",
           .range = {second, 24 * hour}},
    Option{.path = "gossip.damping.max_share",
           .field = RINGSIDE_FIELD(gossip.damping.max_share),
           .help = "Of the members, how many may be damped at once; one always may while two others stay.",
           .reason = "when many flap at once the fault is elsewhere, and the rest could not carry the load.",
           .range = {0, 100}},
    Option{.path = "gossip.newcomers",
           .field = RINGSIDE_FIELD(gossip.newcomers),
           .help = "New members a minute that one peer may bring by gossip; 0: any number.",
           .reason =
               "a peer gone mad cannot fill the list; whoever is real comes by other peers or with a list.",
           .range = {0, 4096},
           .unit = "members"},
    Option{.path = "gossip.verify_newcomers",
           .field = RINGSIDE_FIELD(gossip.verify_newcomers),
           .help =
               "Who becomes known by gossip owns keys only once a ping of ours was answered; the lists of "
               "a join are believed.",
           .reason = "a peer gone mad cannot give keys to members that are not there."},
    Option{.path = "gossip.label_nonce",
           .field = RINGSIDE_FIELD(gossip.label_nonce),
           .help = "Add an internal label where the checksum of our labels would be negative.",
           .reason = "a record that lost its labels on the way would win over a negative checksum."},
    Option{.path = "ring.points",
           .field = RINGSIDE_FIELD(ring.points),
           .help = "Points of each member on the ring; all members must agree.",
           .reason = "every Ringpop has 100; with another number owners differ from theirs.",
           .range = {1, 10'000},
           .unit = "points"},
    Option{.path = "ring.identity",
           .field = RINGSIDE_FIELD(ring.identity),
           .help = "What the ring hashes: the member's name, or its address for clusters with ringpop-node.",
           .reason = "by name a member keeps its keys when its address changes."},
    Option{.path = "ring.without_app",
           .field = RINGSIDE_FIELD(ring.without_app),
           .help = "Own keys even without app.address: for apps that only ask who owns what.",
           .reason = "a key that nobody answers for is better owned by another member."},
    Option{.path = "app.id",
           .field = RINGSIDE_FIELD(app.id),
           .help =
               "What the app is called. A request that asks for another one (Ringside-App) gets 404. Empty: "
               "it has no name.",
           .reason = "a node has one app, and whoever reaches it seldom takes it for another.",
           .check = check_name,
           .unit = "NAME"},
    Option{.path = "app.address",
           .field = RINGSIDE_FIELD(app.address),
           .help = "The app beside this daemon. Empty: none, this member owns no key and only forwards.",
           .reason = "there is no port that most apps use.",
           .check = check_app_address,
           .unit = "ADDRESS",
           .alias = "app-port",
           .alias_prefix = "127.0.0.1:",
           .own = true},
    Option{
        .path = "app.protocol",
        .field = RINGSIDE_FIELD(app.protocol),
        .help =
            "What the app speaks at app.address: HTTP/1.1, TChannel, or HTTP/2 without TLS (gRPC). TChannel "
            "calls and HTTP requests do not reach apps of the other kind.",
        .reason = "nearly every app speaks HTTP/1.1."},
    Option{.path = "app.connect_timeout",
           .field = RINGSIDE_FIELD(app.connect_timeout),
           .help = "How long a connect to the app may take.",
           .reason = "the app is near, a connect takes microseconds or fails.",
           .range = {10, minute}},
    Option{
        .path = "app.max_concurrency",
        .field = RINGSIDE_FIELD(app.max_concurrency),
        .help =
            "Requests that the app gets at once, from all workers; more wait in app.queue. 0: any number.",
        .reason =
            "only the app knows: its number of threads or processes, or 1 for one that takes one at a time.",
        .range = {0, 1'000'000},
        .unit = "requests"},
    Option{.path = "app.queue",
           .field = RINGSIDE_FIELD(app.queue),
           .help = "Requests that wait for app.max_concurrency in one worker, first come first served; more "
                   "are refused "
                   "at once with 503.",
           .reason = "what waits longer than forward.queue_wait is refused anyway; this bounds bursts.",
           .range = {0, 100'000},
           .unit = "requests"},
    Option{.path = "app.grace",
           .field = RINGSIDE_FIELD(app.grace),
           .help = "How long requests wait for an app that restarts, before its keys move to other members.",
           .reason = "most apps restart in less; as long as a dead host keeps its keys (suspect_timeout).",
           .range = {0, 10 * minute}},
    Option{
        .path = "app.health.path",
        .field = RINGSIDE_FIELD(app.health.path),
        .help = "Path whose GET must be answered with 200 to 399. Empty: a connection to the app is enough.",
        .reason = "an app without a health page works as well.",
        .check = check_path,
        .unit = "PATH"},
    Option{.path = "app.health.interval",
           .field = RINGSIDE_FIELD(app.health.interval),
           .help = "Time between two probes of an app that is up.",
           .reason = "a refused request starts a probe at once, so this is only for idle apps.",
           .range = {50, hour}},
    Option{.path = "app.health.timeout",
           .field = RINGSIDE_FIELD(app.health.timeout),
           .help = "How long a probe waits for its answer.",
           .reason = "the app is near; an answer that takes longer is none.",
           .range = {10, minute}},
    Option{.path = "app.health.fail",
           .field = RINGSIDE_FIELD(app.health.fail),
           .help = "Probes in a row that must fail before the app counts as down.",
           .reason = "one slow answer is no death.",
           .range = {1, 100},
           .unit = "probes"},
    Option{.path = "app.health.pass",
           .field = RINGSIDE_FIELD(app.health.pass),
           .help = "Probes in a row that must pass before the app counts as up.",
           .reason = "who answers is there.",
           .range = {1, 100},
           .unit = "probes"},
    Option{.path = "app.health.required",
           .field = RINGSIDE_FIELD(app.health.required),
           .help = "Stand in the ring only while the app is up. false: health is shown and moves nothing.",
           .reason = "a key whose app is dead is better owned by another member."},
    Option{.path = "ingress.hosts",
           .field = RINGSIDE_FIELD(ingress.hosts),
           .help = "Host names answered on listen.ingress, without port; *.example.com for all names below "
                   "one. Others get 421. Empty: any name.",
           .reason = "which names lead here is known to DNS and to the proxies in front.",
           .check = check_host_name,
           .unit = "NAME"},
    Option{.path = "ingress.forwarded",
           .field = RINGSIDE_FIELD(ingress.forwarded),
           .help =
               "X-Forwarded-* and Forwarded of requests on listen.ingress: replace drops what came, unless "
               "from a trusted proxy, and adds ours; append keeps what came and adds ours; off passes on "
               "what came and adds nothing.",
           .reason = "an app can believe what it reads."},
    Option{.path = "ingress.trusted",
           .field = RINGSIDE_FIELD(ingress.trusted),
           .help = "Proxies in front of listen.ingress whose X-Forwarded-* and Forwarded are believed: "
                   "networks (10.0.0.0/8), addresses, or unix for who comes over a unix socket.",
           .reason = "who is not known could say anything.",
           .check = check_network,
           .unit = "NETWORK"},
    Option{.path = "ingress.proxy_protocol",
           .field = RINGSIDE_FIELD(ingress.proxy_protocol),
           .help =
               "Connections of ingress.trusted begin with a header of the PROXY protocol (version 1 or 2) "
               "that says who the client is. Others have none.",
           .reason = "a proxy that speaks HTTP says it in X-Forwarded-For; this is for load balancers that "
                     "pass on bytes."},
    Option{.path = "routes",
           .field = RINGSIDE_FIELD(routes),
           .help = "Which key a request on listen.ingress has, by its path; the first route that matches "
                   "wins. config/README.md explains them, `ringside route --explain` tries them.",
           .reason = "what names a key in a request is the app's own affair; the header Ringside-Key always "
                     "does where no route matches."},
    Option{.path = "forward.timeout",
           .field = RINGSIDE_FIELD(forward.timeout),
           .help = "Time from the request to the head of the app's answer.",
           .reason = "interactive callers have given up by then.",
           .range = {10, hour}},
    Option{.path = "forward.idle_timeout",
           .field = RINGSIDE_FIELD(forward.idle_timeout),
           .help = "Longest silence between two pieces of a body.",
           .reason = "twice the usual 30 s keep-alive of slow streams.",
           .range = {100, 24 * hour}},
    Option{.path = "forward.max_hops",
           .field = RINGSIDE_FIELD(forward.max_hops),
           .help = "How often a request may be passed on between members.",
           .reason = "one hop to the owner and one more when the ring has just moved.",
           .range = {1, 8},
           .unit = "hops"},
    Option{
        .path = "forward.check",
        .field = RINGSIDE_FIELD(forward.check),
        .help =
            "What a member makes sure of before its app gets a request that this one sends it: that it owns "
            "the key (key), that its ring is the same as ours (view), nothing (none). Callers say "
            "otherwise with Ringside-Check.",
        .reason = "one owner for each key, and a request that came too late or too early is passed on."},
    Option{.path = "forward.without_key",
           .field = RINGSIDE_FIELD(forward.without_key),
           .help = "What a TChannel call without an sk header gets: an error, or this member's own app.",
           .reason = "a forgotten key is found at once, not by a wrong answer."},
    Option{.path = "forward.upgrade_on_move",
           .field = RINGSIDE_FIELD(forward.upgrade_on_move),
           .help = "What becomes of an upgraded connection (WebSocket) when another member owns its key.",
           .reason = "its state would stay where no other request for the key goes; a client that is told "
                     "1012 connects anew, to the new owner."},
    Option{.path = "forward.retry.max",
           .field = RINGSIDE_FIELD(forward.retry.max),
           .help = "Repeats of a request that may have run and is safe to repeat; callers ask for fewer with "
                   "Ringside-Retry.",
           .reason = "one outlives a restart; more multiply the load of a cluster in trouble.",
           .range = {0, 5},
           .unit = "retries"},
    Option{.path = "forward.retry.budget",
           .field = RINGSIDE_FIELD(forward.retry.budget),
           .help =
               "Share of one worker's requests of the last ten seconds that such repeats may make up; ten "
               "are always allowed.",
           .reason = "an app in trouble gets a fifth more load at worst, not twice as much.",
           .range = {0, 100}},
    Option{.path = "forward.retry.backoff",
           .field = RINGSIDE_FIELD(forward.retry.backoff),
           .help = "Pause before the first such repeat, shortened by up to half at random; each further one "
                   "waits twice as long.",
           .reason = "an app that dies loses its connections a moment before it stops listening.",
           .range = {0, 10'000}},
    Option{.path = "forward.retry.backoff_max",
           .field = RINGSIDE_FIELD(forward.retry.backoff_max),
           .help = "The longest of these pauses.",
           .reason = "longer ones outlive the callers.",
           .range = {0, 60'000}},
    Option{.path = "forward.retry.buffer",
           .field = RINGSIDE_FIELD(forward.retry.buffer),
           .help = "How much of an HTTP request's body is kept until it has been accepted. Only a request "
                   "whose whole body is in it can be repeated.",
           .reason = "calls fit into it; an upload would only cost memory.",
           .range = {0, limits::stream_window_bytes}},
    Option{.path = "forward.breaker.failures",
           .field = RINGSIDE_FIELD(forward.breaker.failures),
           .help =
               "Failures in a row of another member, or timeouts in a row of the app, after which requests "
               "for it are refused at once with 503. 0: never.",
           .reason = "one or two lost connections are a restart; five in a row are a state.",
           .range = {0, 1000},
           .unit = "failures"},
    Option{.path = "forward.breaker.open",
           .field = RINGSIDE_FIELD(forward.breaker.open),
           .help = "How long they are refused, before one request is let through to see.",
           .reason = "a caller that waits for Retry-After is back when it is known.",
           .range = {10, minute}},
    Option{
        .path = "forward.in_flight",
        .field = RINGSIDE_FIELD(forward.in_flight),
        .help =
            "Requests that one worker has under way, up to a second after the head of their answer; more are "
            "refused with 503.",
        .reason = "about 0.1 s of one core's work (85 us a request); more would only wait.",
        .range = {1, 1'000'000},
        .unit = "requests"},
    Option{.path = "forward.in_flight_per_owner",
           .field = RINGSIDE_FIELD(forward.in_flight_per_owner),
           .help = "Of these, requests to one other member without an answer; more are refused with 503.",
           .reason = "a quarter: one member that is slow leaves room for the others.",
           .range = {1, 1'000'000},
           .unit = "requests"},
    Option{.path = "forward.queue_per_key",
           .field = RINGSIDE_FIELD(forward.queue_per_key),
           .help = "Requests for one key without an answer that one worker of its owner holds; more are "
                   "refused with 429.",
           .reason =
               "a key that so many ask for at once cannot be served by one app; the others must not suffer.",
           .range = {1, 60'000},
           .unit = "requests"},
    Option{.path = "forward.queue_wait",
           .field = RINGSIDE_FIELD(forward.queue_wait),
           .help = "How long a request waits for app.max_concurrency before it is refused with 503.",
           .reason = "a short burst is smoothed; a longer wait only adds to the load of callers that retry.",
           .range = {0, minute}},
    Option{.path = "forward.streams",
           .field = RINGSIDE_FIELD(forward.streams),
           .help = "Answers that go on for more than a second after their head (downloads, event streams) in "
                   "one worker; "
                   "beyond it they count in forward.in_flight.",
           .reason = "an event stream costs memory, not work; that of ten thousand is some tens of MiB.",
           .range = {0, 1'000'000},
           .unit = "streams"},
    Option{.path = "forward.body_max",
           .field = RINGSIDE_FIELD(forward.body_max),
           .help = "Largest body of a request; a larger one gets 413.",
           .reason = "bodies are streamed and never held, so the cap only stops endless ones.",
           .range = {0, std::numeric_limits<std::int64_t>::max()}},
    Option{.path = "ringpop.enforce_checksum",
           .field = RINGSIDE_FIELD(ringpop.enforce_checksum),
           .help = "Refuse requests from ringpop-node members whose ring has another checksum.",
           .reason = "ringpop-node's enforceConsistency: both sides then surely mean the same owner."},
    Option{.path = "ringpop.enforce_keys",
           .field = RINGSIDE_FIELD(ringpop.enforce_keys),
           .help = "Refuse requests from ringpop-node members for keys that this member does not own.",
           .reason = "ringpop-node's enforceKeyConsistency."},
    Option{.path = "workers",
           .field = RINGSIDE_FIELD(workers),
           .help = "Threads that forward. 0: one for each core.",
           .reason = "forwarding is work for the processor, and the workers share nothing.",
           .range = {0, 256},
           .unit = "threads",
           .own = true},
    Option{.path = "dev",
           .field = RINGSIDE_FIELD(dev),
           .help = "Take orders that lose or delay what is sent to other members: PUT /v1/faults/{peer}.",
           .reason = "such orders are for tests, never for a cluster that somebody depends on."},
    Option{.path = "drain.timeout",
           .field = RINGSIDE_FIELD(drain.timeout),
           .help =
               "How long a member that drains or leaves waits for its requests to end. Then they are cut, "
               "streams with a reason where their protocol has one.",
           .reason = "most supervisors kill after 30 s or more.",
           .range = {0, 24 * hour}},
    Option{.path = "drain.notice",
           .field = RINGSIDE_FIELD(drain.notice),
           .help = "At least so long a member that leaves goes on taking requests, once it has said so.",
           .reason = "gossip tells a small cluster within it, and load balancers look every second or so.",
           .range = {0, 5 * minute}},
    Option{.path = "drain.app_first",
           .field = RINGSIDE_FIELD(drain.app_first),
           .help = "A member that leaves stays until nobody listens at app.address any more (at most "
                   "drain.timeout), so that what the app sends on its way down still gets through.",
           .reason = "the app is stopped behind its ringside, unless something stops both at once."},
    Option{.path = "drain.status",
           .field = RINGSIDE_FIELD(drain.status),
           .help = "What a leaving member says of itself: leave, or faulty as Ringpop's self-eviction does.",
           .reason = "leave is the truth; faulty is what Ringpop's members forget by themselves."},
    Option{.path = "security.api_hosts",
           .field = RINGSIDE_FIELD(security.api_hosts),
           .help =
               "Host names answered on listen.api besides localhost, node.name, the host name, the "
               "advertised host and the addresses it is bound to: name or name:port, *.example.com for all "
               "names below one. Others get 421. * is any name, and then every web page can ask through a "
               "name of its own (DNS rebinding).",
           .reason = "by which other names the app reaches this node is known where they are given, as in a "
                     "Compose file.",
           .check = check_api_host,
           .unit = "NAME",
           .own = true},
    Option{.path = "security.api_origins",
           .field = RINGSIDE_FIELD(security.api_origins),
           .help =
               "Origins of web pages that may ask on listen.api, as https://shop.example. Pages of others "
               "get 403; what a page may read of an answer is for the app to say.",
           .reason = "programs have no origin, and the API has no pages of its own.",
           .check = check_origin,
           .unit = "ORIGIN"},
    Option{.path = "security.cluster_key_file",
           .field = RINGSIDE_FIELD(security.cluster_key_file),
           .help =
               "File of the cluster's key (`ringside keygen` makes one), the same on all members: they then "
               "talk in TLS. It may hold up to 8 keys, one a line: the first is used to dial, all are "
               "accepted. SIGHUP reads it again. Empty: none.",
           .reason = "members on one machine need none.",
           .unit = "FILE",
           .alias = "cluster-key-file",
           .variable = "RINGSIDE_CLUSTER_KEY_FILE",
           .live = true,
           .own = true},
    Option{.path = "security.tls.mode",
           .field = RINGSIDE_FIELD(security.tls.mode),
           .help = "How members prove themselves: by the cluster key if there is one (auto), by certificates "
                   "of security.tls.ca (certs), or not at all (off, as Ringpop does).",
           .reason = "one secret is all that it takes.",
           .live = true},
    Option{.path = "security.tls.plain",
           .field = RINGSIDE_FIELD(security.tls.plain),
           .help = "What plain connections with members are still good for beside TLS, while a cluster moves "
                   "to it: dial (and accept), accept (and dial TLS), refuse.",
           .reason =
               "who has a key wants no plain connection; a cluster moves member by member from dial over "
               "accept to refuse.",
           .live = true},
    Option{.path = "security.tls.ca",
           .field = RINGSIDE_FIELD(security.tls.ca),
           .help =
               "PEM file with the certificate of the authority that has signed all members' certificates. "
               "With security.tls.mode: certs.",
           .reason = "a cluster key needs none.",
           .unit = "FILE",
           .live = true,
           .own = true},
    Option{.path = "security.tls.cert",
           .field = RINGSIDE_FIELD(security.tls.cert),
           .help = "PEM file with this member's certificate; node.name must be among its DNS names.",
           .reason = "a cluster key needs none.",
           .unit = "FILE",
           .live = true,
           .own = true},
    Option{.path = "security.tls.key",
           .field = RINGSIDE_FIELD(security.tls.key),
           .help = "PEM file with the private key of security.tls.cert.",
           .reason = "a cluster key needs none.",
           .unit = "FILE",
           .live = true,
           .own = true},
    Option{.path = "security.allow_cidrs",
           .field = RINGSIDE_FIELD(security.allow_cidrs),
           .help = "Networks from which connections are taken on listen.peer (10.0.0.0/8, or one address); "
                   "others are closed before anything of them is read. Empty: from everywhere.",
           .reason = "the cluster key tells members from others; this keeps strangers from trying.",
           .check = check_cidr,
           .unit = "NETWORK"},
    Option{.path = "security.api_token_file",
           .field = RINGSIDE_FIELD(security.api_token_file),
           .help =
               "File of the tokens that are asked for on listen.api, one a line: `ROLE TOKEN`, or a token "
               "alone for the role app (`ringside token new` makes one). SIGHUP reads it again. Empty: none.",
           .reason = "on this machine's own addresses none is needed.",
           .unit = "FILE",
           .alias = "api-token-file",
           .variable = "RINGSIDE_API_TOKEN_FILE",
           .live = true,
           .own = true},
    Option{
        .path = "security.app_token_file",
        .field = RINGSIDE_FIELD(security.app_token_file),
        .help =
            "File of a token that the app is sent with every request, as Ringside-App-Token, so that it can "
            "refuse who comes past ringside (`ringside token new` makes one). SIGHUP reads it again. Empty: "
            "none.",
        .reason = "an app that listens on the loopback or a unix socket is reached by this machine alone.",
        .unit = "FILE",
        .alias = "app-token-file",
        .variable = "RINGSIDE_APP_TOKEN_FILE",
        .live = true,
        .own = true},
    Option{.path = "security.insecure",
           .field = RINGSIDE_FIELD(security.insecure),
           .help = "Allow listeners that other machines reach, without encryption or token.",
           .reason = "nobody opens a port to the network by accident.",
           .alias = "insecure"},
    Option{.path = "events.webhooks",
           .field = RINGSIDE_FIELD(events.webhooks),
           .help = "Who is told of events by POST: url (https, http on this machine, or a path of the app), "
                   "types (all "
                   "of them, or like ring-*), a secret_file to sign with, a ca_file. config/README.md "
                   "explains them.",
           .reason = "who asks GET /v1/events needs none.",
           .own = true},
    Option{.path = "observability.log.level",
           .field = RINGSIDE_FIELD(observability.log.level),
           .help = "Least level that is logged.",
           .reason = "changes of members and ring, nothing for each request.",
           .live = true},
    Option{.path = "observability.log.format",
           .field = RINGSIDE_FIELD(observability.log.format),
           .help = "Text for people or JSON for collectors; the keys are the same.",
           .reason = "people read the first lines."},
    Option{.path = "observability.access_log.file",
           .field = RINGSIDE_FIELD(observability.access_log.file),
           .help = "File that gets a line for each request of a client, for an app or the API; - is the "
                   "standard output, empty: none. SIGHUP opens it anew.",
           .reason = "it costs a write for each turn of a worker, and targets may hold what is private.",
           .unit = "FILE",
           .own = true},
    Option{
        .path = "observability.access_log.format",
        .field = RINGSIDE_FIELD(observability.access_log.format),
        .help = "JSON, or the common log format of web servers, which knows nothing of owners and hops.",
        .reason = "it says who owned the key, who served it, how often it was tried and how long it took."},
    Option{.path = "observability.access_log.sample",
           .field = RINGSIDE_FIELD(observability.access_log.sample),
           .help = "Share of the requests that get a line, chosen by chance.",
           .reason = "whoever switches it on wants to see all of them first.",
           .range = {0, 100}},
    Option{.path = "observability.metrics",
           .field = RINGSIDE_FIELD(observability.metrics),
           .help = "Serve GET /metrics, for Prometheus, `ringside top` and `ringside dev`.",
           .reason = "what is not asked for costs nothing."},
    Option{.path = "observability.server_timing",
           .field = RINGSIDE_FIELD(observability.server_timing),
           .help = "Replies say in Server-Timing how long the app and this member took.",
           .reason = "it tells every caller what goes on inside."},
    Option{.path = "observability.traceparent",
           .field = RINGSIDE_FIELD(observability.traceparent),
           .help =
               "The traceparent of a request (W3C Trace Context) is passed on as it is, or also made where "
               "there is none, or none that is valid.",
           .reason = "this member reports no spans; X-Request-Id tells requests apart anyway."},
    Option{.path = "observability.statsd.address",
           .field = RINGSIDE_FIELD(observability.statsd.address),
           .help = "StatsD server that gets Ringpop's statistics under Ringpop's names, by UDP. Empty: none.",
           .reason = "/metrics needs no server; this is for the dashboards of those who come from Ringpop.",
           .check = check_statsd_address,
           .unit = "HOST:PORT"},
    Option{.path = "observability.statsd.file",
           .field = RINGSIDE_FIELD(observability.statsd.file),
           .help = "File that gets the same instead, one `<time>: <statistic>` a line, up to 1 GiB.",
           .reason = "for tests and short looks: it only grows.",
           .unit = "FILE",
           .own = true},
    Option{.path = "observability.statsd.prefix",
           .field = RINGSIDE_FIELD(observability.statsd.prefix),
           .help = "What the names begin with, without the last dot. Empty: ringpop. and the member's "
                   "address, with _ for its dots and colon.",
           .reason = "what both Ringpops do, so that a host that moves over keeps its lines.",
           .check = check_statsd_prefix,
           .unit = "PREFIX",
           .own = true},
};

#undef RINGSIDE_FIELD

}  // namespace

std::span<const Option> options() {
  return table;
}

const Option* find_option(std::string_view path) {
  const auto found = std::ranges::find(table, path, &Option::path);
  return found == table.end() ? nullptr : &*found;
}

std::string flag_of(const Option& option) {
  std::string flag = "--" + std::string(option.path);
  std::ranges::replace_if(flag, [](char c) { return c == '.' || c == '_'; }, '-');
  return flag;
}

std::string variable_of(const Option& option) {
  std::string name = "RINGSIDE_" + std::string(option.path);
  for (char& c : name) c = c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

}  // namespace ringside::config
