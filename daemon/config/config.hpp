// The configuration as one plain value: defaults here, meaning and range in options.cpp, the only table of
// options. Read once at start on the main thread, then shared as a constant.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/limits.hpp"
#include "daemon/base/time.hpp"
#include "daemon/routes/rule.hpp"

namespace ringside::config {

enum class ChecksumDialect : std::uint8_t { go, node };
enum class Identity : std::uint8_t { name, address };
enum class GoodbyeStatus : std::uint8_t { leave, faulty };
enum class AppProtocol : std::uint8_t { http1, tchannel, h2c };
enum class WithoutKey : std::uint8_t { refuse, local };
enum class UpgradeOnMove : std::uint8_t { close, keep };
enum class ForwardCheck : std::uint8_t { key, view, none };
enum class TlsMode : std::uint8_t { automatic, certs, off };
enum class PlainPeers : std::uint8_t { refuse, accept, dial };
enum class ForwardedFields : std::uint8_t { replace, append, off };
enum class LogFormat : std::uint8_t { text, json };
enum class AccessLogFormat : std::uint8_t { json, common };
enum class Traceparent : std::uint8_t { pass, make };
enum class LogLevel : std::uint8_t { trace, debug, info, warn, error };

struct Percent {
  int value = 0;
};

// Who is told of events by POST.
struct Webhook {
  std::string url;                 // https://..., http://... on this machine, or /path at the app
  std::vector<std::string> types;  // "ring-*"; empty: all
  std::string secret_file;         // empty: what is sent is not signed
  std::string ca_file;             // of whom https believes; empty: whom this machine does
  friend bool operator==(const Webhook&, const Webhook&) = default;
};

// The app beside this node. All but the limits may be registered at run time (PUT /v1/app).
struct AppSettings {
  std::string id;       // what callers may call it by (Ringside-App); empty: nothing
  std::string address;  // host:port or unix:/path; empty: this node has no app and owns no key
  AppProtocol protocol = AppProtocol::http1;
  Millis connect_timeout{500};
  int max_concurrency = 0;  // requests at the app at once; 0: any number
  int queue = 128;          // more that wait for it, per worker
  Millis grace{5000};       // requests wait so long for an app that restarts, before its keys move
  struct Health {
    std::string path;  // of an HTTP GET; empty: a connection is enough
    Millis interval{2000};
    Millis timeout{500};
    int fail = 3;
    int pass = 1;
    bool required = true;  // in the ring only while the app is there
    friend bool operator==(const Health&, const Health&) = default;
  } health;
  friend bool operator==(const AppSettings&, const AppSettings&) = default;
};

struct Config {
  std::string cluster = "ringside";  // Ringpop's `app` in join and ping
  struct {
    std::string name;                                         // empty: the host name
    std::vector<std::pair<std::string, std::string>> labels;  // sorted by key
    std::string data_dir;                                     // empty: nothing is kept over a restart
    int weight = 1;                                           // times the ring's points
  } node;
  struct {
    std::vector<std::string> api{"127.0.0.1:7600"};  // host:port, https://host:port or unix:/path
    std::string peer = "127.0.0.1:7601";             // host:port
    std::vector<std::string> ingress;                // as api; for apps alone, nothing of the API
    std::vector<std::string> tchannel;   // host:port or unix:/path; empty: nobody calls us over TChannel
    std::vector<std::string> telemetry;  // as api; health pages and metrics alone
    struct {
      std::string cert;  // PEM files; of all that listens at https://
      std::string key;
    } tls;
  } listen;
  std::string advertise;  // host[:port] that peers dial; empty: listen.peer, or the host's address when that
                          // is a wildcard
  struct {
    std::vector<std::string> seeds;  // host:port, dns://name:port, srv://name, file:path
    Millis refresh{30'000};          // how often seeds are looked up again
    int min_members = 1;             // serve only when the ring has seen this many
    Millis timeout{0};               // give up and end when nobody has answered until then; 0: never
  } join;
  struct {
    Millis period{200};
    Millis ping_timeout{1500};
    Millis ping_timeout_min{300};
    Millis ping_req_timeout{5000};
    int ping_req_size = 3;
    Millis suspect_timeout{5000};
    ChecksumDialect checksum = ChecksumDialect::go;
    struct {
      Millis faulty{3'600'000};
      Millis tombstone{300'000};
    } reap;
    struct {
      Millis period{30'000};
      Millis lonely_period{1000};
      Millis doubt{10'000};
    } heal;
    bool catch_up = true;
    int death_fanout = 5;
    int retransmit_mult = 10;    // times log10 of the members: so often a change is told
    Millis full_sync_pause{10};  // for each row of the list
    struct {
      int health_max = 3;
      int confirmations = 2;
      int suspect_factor = 6;
      bool buddy = true;
      bool oversleep = true;
    } lifeguard;
    bool proof_of_death = true;  // who refuses connections, as several members find, is faulty at once
    struct {
      bool enabled = true;
      int suppress = 5000;  // out of the ring from this score on
      int reuse = 2500;     // back in it from this score down
      Millis half_life{300'000};
      Percent max_share{10};  // of the members out for this at once
    } damping;
    int newcomers = 60;            // new members a minute from one source's gossip; 0: any number
    bool verify_newcomers = true;  // they own keys once our own ping has reached them
    bool label_nonce = true;
  } gossip;
  struct {
    int points = 100;
    Identity identity = Identity::name;
    bool without_app = false;
  } ring;
  AppSettings app;
  struct {
    std::vector<std::string> hosts;                        // names answered; empty: any
    ForwardedFields forwarded = ForwardedFields::replace;  // X-Forwarded-*, Forwarded
    std::vector<std::string> trusted;                      // networks of proxies in front of us, or unix
    bool proxy_protocol = false;  // these say in a header of the PROXY protocol who their client is
  } ingress;
  std::vector<routes::Rule> routes;  // of requests on listen.ingress; the first match wins
  struct {
    Millis timeout{5000};         // to the response head
    Millis idle_timeout{60'000};  // between two pieces of a body
    int max_hops = 2;
    ForwardCheck check = ForwardCheck::key;       // what the receiver is to make sure of
    WithoutKey without_key = WithoutKey::refuse;  // what a TChannel call without `sk` gets
    UpgradeOnMove upgrade_on_move = UpgradeOnMove::close;
    struct {
      int max = 1;
      Percent budget{20};  // of a worker's requests, over ten seconds
      Millis backoff{25};  // before the first, half of it to all of it; 0: none
      Millis backoff_max{1000};
      std::int64_t buffer = limits::replay_bytes;  // of a body, kept until its request was accepted
    } retry;
    struct {
      int failures = 5;   // in a row; 0: never opens
      Millis open{1000};  // between two probes
    } breaker;
    int in_flight = 1024;                            // requests under way, per worker
    int in_flight_per_owner = 256;                   // to another member, without a response head, per worker
    int queue_per_key = 64;                          // at the owner, without a response head, per worker
    Millis queue_wait{50};                           // for a place at the app
    int streams = 10'000;                            // replies that go on for over a second, per worker
    std::int64_t body_max = std::int64_t{64} << 30;  // bytes
  } forward;
  struct {
    bool enforce_checksum = true;
    bool enforce_keys = false;
  } ringpop;
  int workers = 0;   // 0: one per core
  bool dev = false;  // takes orders that break things (/v1/faults)
  struct {
    Millis timeout{30'000};  // for what is under way to end
    Millis notice{1'000};    // at least so long everything is served on, for the others to hear of it
    bool app_first = false;  // a leaving node stays until its app has ended
    GoodbyeStatus status = GoodbyeStatus::leave;
  } drain;
  struct {
    std::vector<std::string> api_hosts;    // more names[:port] that listen.api answers for; *: any
    std::vector<std::string> api_origins;  // of web pages that may ask there
    std::string cluster_key_file;          // of keys that all members share; empty: none
    struct {
      TlsMode mode = TlsMode::automatic;
      PlainPeers plain = PlainPeers::refuse;  // what plain connections are good for beside TLS
      std::string ca;                         // PEM files, with mode certs
      std::string cert;
      std::string key;
    } tls;
    std::vector<std::string> allow_cidrs;  // whence connections are taken on listen.peer; empty: any
    std::string api_token_file;            // empty: none
    std::string app_token_file;            // of the token that the app is sent; empty: none
    bool insecure = false;  // allow listeners off the loopback without key, certificate or token
  } security;
  struct {
    std::vector<Webhook> webhooks;
  } events;
  struct {
    struct {
      LogLevel level = LogLevel::info;
      LogFormat format = LogFormat::text;
    } log;
    struct {
      std::string file;  // appended to; "-": standard output; empty: none
      AccessLogFormat format = AccessLogFormat::json;
      Percent sample{100};  // of the requests, by chance
    } access_log;
    bool metrics = true;         // GET /metrics
    bool server_timing = false;  // replies say how long each node took
    Traceparent traceparent = Traceparent::pass;
    struct {
      std::string address;  // host:port of a StatsD server; empty: none
      std::string file;     // instead of it
      std::string prefix;   // empty: ringpop.<address, with _ for . and :>
    } statsd;
  } observability;
};

}  // namespace ringside::config
