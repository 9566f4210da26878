// What the parts of one worker share. Everything in here belongs to one thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/api/api.hpp"
#include "daemon/api/view.hpp"
#include "daemon/base/limits.hpp"
#include "daemon/base/rng.hpp"
#include "daemon/config/config.hpp"
#include "daemon/forward/past_rings.hpp"
#include "daemon/forward/retry_budget.hpp"
#include "daemon/net/incoming_call.hpp"
#include "daemon/net/timers.hpp"
#include "daemon/obs/catalog.hpp"
#include "daemon/routes/table.hpp"
#include "daemon/security/tls.hpp"
#include "daemon/security/tokens.hpp"
#include "daemon/worker/access_record.hpp"
#include "daemon/worker/client_limits.hpp"
#include "daemon/worker/date.hpp"
#include "daemon/worker/route.hpp"
#include "daemon/worker/turn.hpp"
#include "proto/http/message.hpp"
#include "proto/http1/parser.hpp"
#include "proto/http2/session.hpp"

namespace ringside::api {
struct Stats;  // stats.hpp
}

namespace ringside::worker {

// The table's limits as the parser takes them.
inline constexpr http1::Limits http_limits{.request_line = limits::request_line_bytes,
                                           .field_line = limits::field_line_bytes,
                                           .head = limits::head_bytes,
                                           .fields = limits::fields,
                                           .method = limits::method_bytes,
                                           .chunk_line = limits::chunk_line_bytes,
                                           .trailer_fields = limits::trailer_fields,
                                           .trailer = limits::trailer_bytes};

// The same for both ends of a link.
inline constexpr http2::Settings link_settings{.streams_max = limits::peer_streams,
                                               .stream_window = limits::stream_window_bytes,
                                               .frame_bytes = limits::link_frame_bytes,
                                               .trailer_bytes_max = limits::h2_trailer_bytes,
                                               .upgrades = true};

// A client's connection: its heads are those that HTTP/1 takes, beside four pseudo-fields.
inline constexpr http2::Settings client_settings{.streams_max = limits::client_streams,
                                                 .stream_window = limits::stream_window_bytes,
                                                 .head_bytes_max = limits::head_bytes + 32 * limits::fields,
                                                 .fields_max = limits::fields + 4,
                                                 .trailer_bytes_max = limits::h2_trailer_bytes,
                                                 .resets_burst = limits::client_resets_burst,
                                                 .resets_per_second = limits::client_resets_per_second};

// A connection to an app that speaks HTTP/2. Until the app has said how many streams it takes, it is asked
// for no more than the least that RFC 9113 5.1.2 recommends.
inline constexpr http2::Settings app_settings{.streams_max = 100,
                                              .stream_window = limits::stream_window_bytes,
                                              .trailer_bytes_max = limits::h2_trailer_bytes};

class Admission;
class AppLinks;
class AppPool;
class Breakers;
class PeerLinks;
class ProxyCalls;
class Relay;
class WaitingRoom;
class Watches;
struct Load;

// A request or call that waits for the ring to move.
class RingWaiter {
 public:
  virtual void ring_changed() = 0;

 protected:
  ~RingWaiter() = default;
};

class Call;

struct Context {
  Context(boost::asio::io_context& io_context, const config::Config& configuration, const obs::Metrics& all,
          obs::WorkerMetrics& own, std::uint64_t seed)
      : io(io_context),
        config(configuration),
        all_metrics(all),
        metrics(own),
        timers(io_context),
        turn(io_context),
        access_log(configuration, turn),
        rng(seed),
        routes(*routes::Table::compile(configuration.routes)),
        retry_budget(configuration.forward.retry.budget.value) {}

  // Of the member at that address; empty: it has none, or there is none.
  [[nodiscard]] std::string name_of(std::string_view address) const {
    for (const auto& member : view->members)
      if (member.address == address && member.name != address) return member.name;
    return {};
  }

  // What is to go wrong on purpose towards that member; null: nothing.
  [[nodiscard]] const Fault* fault_towards(std::string_view address) const {
    return view->faults ? view->faults->of(address) : nullptr;
  }

  // Of a request's body, kept so that a try can be repeated.
  [[nodiscard]] std::size_t replay_bytes() const {
    return static_cast<std::size_t>(config.forward.retry.buffer);
  }

  boost::asio::io_context& io;
  const config::Config& config;
  const obs::Metrics& all_metrics;
  obs::WorkerMetrics& metrics;
  net::Timers timers;
  Turn turn;
  AccessLog access_log;
  DateField date;              // of replies to clients
  Times deadlines;             // that apps are told
  Rng rng;                     // request ids
  ClientLimits client_limits;  // before the first connection
  const routes::Table routes;  // of listen.ingress; checked when the configuration was loaded
  forward::RetryBudget retry_budget;
  security::PeerSecurity security;  // of links that are dialled, or accepted, from now on
  security::TlsPtr client_tls;      // of clients that come over TLS; null: no listener speaks it
  security::AppTokenPtr app_token;  // for the app; null: none
  Instant proxy_complained{};       // when a bad PROXY header was last told of
  Instant tls_complained{};         // and a client's bad handshake
  api::ViewPtr view;                // of the latest membership and ring; replaced between two handlers
  std::string self_address;         // this node's in the ring; never changes
  Admission* admission = nullptr;   // how much this worker takes on
  AppPool* app = nullptr;           // connections to this node's app
  AppLinks* app_links = nullptr;    // the same, when it speaks HTTP/2
  Breakers* breakers = nullptr;     // who fails again and again
  PeerLinks* peers = nullptr;       // links to the other ringsides
  ProxyCalls* proxy = nullptr;      // requests to ringpop-node members
  Relay* relay = nullptr;           // TChannel: connections and calls
  WaitingRoom* room = nullptr;      // for requests while the app restarts
  Watches* watches = nullptr;       // requests of the API that wait for news
  Load* load = nullptr;             // which owners and keys are asked for
  std::vector<RingWaiter*> waiting;
  std::vector<Call*> upgraded;        // tunnels; each knows its place
  std::function<void()> app_refused;  // tells control that nobody listens at the app's address
  std::function<void(const std::string&)> peer_lost;  // and that a connection to this member broke or failed
  std::function<void(net::IncomingCall)> to_control;  // calls to this node itself; the answer comes by post
  // Sums up the load of all workers; the answer comes by post.
  std::function<void(std::function<void(std::shared_ptr<const api::Stats>)>)> gather_stats;
  // What the API is told to do; control answers, by post too.
  std::function<void(api::Order, std::function<void(api::Response)>)> order;
  forward::PastRings past_rings;     // that named this node's keys until lately
  http::ResponseHead scratch_reply;  // memory for a head that is being written
  Route route;                       // memory for where a request belongs
  bool draining = false;
};

}  // namespace ringside::worker
