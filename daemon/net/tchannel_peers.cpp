#include "daemon/net/tchannel_peers.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <utility>
#include <vector>

#include "daemon/base/address.hpp"

namespace ringside::net {

using boost::asio::ip::tcp;
using LinkPtr = std::shared_ptr<TchannelLink>;

struct TchannelPeers::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& context, TchannelOptions o, std::size_t max, Events e)
      : io(context),
        options(std::make_shared<const TchannelOptions>(std::move(o))),
        connections_max(max),
        events(std::move(e)) {}

  // What we know of a connection: where it leads (empty for a peer that does not listen), and how to name it.
  struct Entry {
    LinkPtr link;
    std::string dialled;  // the address we dialled
    std::string remote;   // for messages
    std::uint64_t number;
    bool tunnelled = false;  // a worker knows of it
  };

  LinkPtr find(const std::string& address, bool secured = false) {
    LinkPtr opening;
    secured = secured || !security.dials_plain;
    const auto range = by_address.equal_range(address);
    for (auto i = range.first; i != range.second; ++i) {
      if (!i->second->takes_calls() || (secured && !i->second->secured())) continue;
      if (i->second->stage() == TchannelLink::Stage::open) return i->second;
      opening = i->second;
    }
    return opening;
  }

  [[nodiscard]] const Fault* fault_of(const std::string& address) const {
    return faults ? faults->of(address) : nullptr;
  }
  void call_late(const std::string& address, tchannel::CallRequest, Instant arrives, Instant deadline,
                 CallDone, Lane, bool secured);

  [[nodiscard]] std::size_t dialled_links() const { return links.size() - accepted_links; }

  Result<LinkPtr, CallFailure> dial(const std::string& address, const security::Tls* tls) {
    const auto parsed = parse_address(address);
    boost::system::error_code bad;
    const auto ip = parsed ? boost::asio::ip::make_address(parsed->host, bad) : boost::asio::ip::address();
    if (!parsed || bad || parsed->port == 0)
      return CallFailure{Errc::bad_message, "'" + address + "' is not an ip:port that can be dialled"};
    if (dialled_links() >= connections_max)
      return CallFailure{Errc::too_large,
                         "too many open connections (" + std::to_string(connections_max) + ")"};
    const auto link = add(address, address);
    by_address.emplace(address, link);
    link->dial(tcp::endpoint(ip, parsed->port),
               tls == nullptr ? nullptr : tls->dial(security::Protocol::gossip, name_of(address)));
    return link;
  }

  LinkPtr add(const std::string& dialled, const std::string& remote) {
    const std::weak_ptr<State> weak = weak_from_this();
    TchannelLink::Events link_events;
    link_events.call = [weak](IncomingCall call) {
      if (const auto self = weak.lock(); self && !self->closed) self->events.call(std::move(call));
    };
    link_events.opened = [weak](TchannelLink& link) {
      if (const auto self = weak.lock()) self->on_opened(link);
    };
    link_events.closed = [weak](TchannelLink& link, const std::string&) {
      if (const auto self = weak.lock()) self->on_closed(link);
    };
    link_events.misbehaved = [weak](TchannelLink& link, const std::string& what) {
      if (const auto self = weak.lock(); self && !self->closed)
        self->events.misbehaved(self->links.at(&link).remote, what);
    };
    if (events.foreign) {
      link_events.foreign_frame = [weak](TchannelLink& link, std::string_view frame) {
        if (const auto self = weak.lock()) self->tunnel(link, {.frames = std::string(frame)});
      };
      link_events.foreign_written = [weak](TchannelLink& link, std::size_t bytes) {
        if (const auto self = weak.lock()) self->tunnel(link, {.written = bytes});
      };
    }
    auto link = std::make_shared<TchannelLink>(io, options, std::move(link_events));
    links.emplace(link.get(), Entry{link, dialled, remote, next_number++});
    if (dialled.empty()) ++accepted_links;
    return link;
  }

  void tunnel(TchannelLink& link, TunnelNews news) {
    auto& entry = links.at(&link);
    entry.tunnelled = true;
    news.connection = entry.number;
    news.answer = [&context = io, weak = std::weak_ptr<TchannelLink>(entry.link)](std::string frames,
                                                                                  std::size_t taken) {
      boost::asio::post(context, [weak, frames = std::move(frames), taken] {
        if (const auto answered = weak.lock()) answered->answer_foreign(frames, taken);
      });
    };
    events.foreign(std::move(news));
  }

  // One that is plain goes when it has done what was asked of it, if plain is not wanted any more.
  void retire_plain(const Entry& entry) const {
    if (entry.link->secured()) return;
    const bool may_stay = entry.dialled.empty() ? security.takes_plain : security.dials_plain;
    if (!may_stay) entry.link->drain("this member speaks TLS from now on");
  }

  [[nodiscard]] std::string name_of(const std::string& address) const {
    return events.name_of ? events.name_of(address) : std::string();
  }

  // Why the certificate of a link does not go with the address that its peer calls its own; empty: it does.
  [[nodiscard]] std::string wrong_name(const TchannelLink& link) const {
    const auto& names = link.peer_names();
    const auto& announced = link.identity().host_port;
    const auto expected = names.empty() || announced.empty() ? std::string() : name_of(announced);
    if (expected.empty() || std::ranges::find(names, expected) != names.end()) return {};
    return "it says that it listens at " + announced + ", where " + expected +
           " is, and its certificate is for " + names.front();
  }

  void on_opened(TchannelLink& link) {
    const auto& announced = link.identity().host_port;
    const Entry entry = links.at(&link);  // a copy: what is told below may end the link
    if (const auto wrong = wrong_name(link); !wrong.empty()) {
      if (!closed) events.misbehaved(entry.remote, wrong);
      return link.close({Errc::refused, wrong});
    }
    if (!announced.empty() && announced != entry.dialled) by_address.emplace(announced, entry.link);
    if (!closed && events.met) events.met(link.identity());
    retire_plain(entry);  // it may have been wanted when it was dialled
  }

  void on_closed(TchannelLink& link) {
    const auto entry = links.find(&link);
    for (const auto& address : {entry->second.dialled, link.identity().host_port}) {
      const auto range = by_address.equal_range(address);
      const auto found =
          std::find_if(range.first, range.second, [&](const auto& i) { return i.second.get() == &link; });
      if (found != range.second) by_address.erase(found);
    }
    if (entry->second.tunnelled) tunnel(link, {.closed = true});
    const std::string dialled = entry->second.dialled;
    if (dialled.empty()) --accepted_links;
    links.erase(entry);
    if (!link.broke() || closed || !events.lost) return;
    const std::string& address = dialled.empty() ? link.identity().host_port : dialled;
    if (!address.empty()) events.lost(address);
  }

  void call(const std::string& address, tchannel::CallRequest request, Instant deadline, CallDone done,
            Lane lane, bool secured) {
    if (closed) return;
    auto guarded = [weak = weak_from_this(), done = std::move(done)](CallResult result) {
      if (const auto self = weak.lock(); self && !self->closed) done(std::move(result));
    };
    if (const Fault* fault = fault_of(address)) {
      const Instant arrives = fault->drop ? never : Clock::now() + fault->delay;
      return call_late(address, std::move(request), arrives, deadline, std::move(guarded), lane, secured);
    }
    place(address, std::move(request), deadline, std::move(guarded), lane, secured);
  }

  void place(const std::string& address, tchannel::CallRequest request, Instant deadline, CallDone guarded,
             Lane lane, bool secured) {
    if (const auto link = find(address, secured))
      return link->call(std::move(request), deadline, std::move(guarded), lane);
    const auto* tls = secured ? security.tls.get() : security.dials_with();
    auto dialled = secured && tls == nullptr
                       ? Result<LinkPtr, CallFailure>(CallFailure{Errc::refused, "this member has no TLS"})
                       : dial(address, tls);
    if (dialled) return (*dialled)->call(std::move(request), deadline, std::move(guarded), lane);
    boost::asio::post(
        io, [guarded = std::move(guarded), failure = std::move(dialled).error()] { guarded(failure); });
  }

  boost::asio::io_context& io;
  std::shared_ptr<const TchannelOptions> options;
  std::size_t connections_max;
  Events events;
  security::PeerSecurity security;
  FaultsPtr faults;
  bool closed = false;
  std::map<const TchannelLink*, Entry> links;
  std::size_t accepted_links = 0;
  std::uint64_t next_number = 1;
  std::multimap<std::string, LinkPtr> by_address;
};

TchannelPeers::TchannelPeers(boost::asio::io_context& io, TchannelOptions options,
                             std::size_t connections_max, Events events)
    : state_(std::make_shared<State>(io, std::move(options), connections_max, std::move(events))) {}

TchannelPeers::~TchannelPeers() {
  close();
}

void TchannelPeers::call(const std::string& address, tchannel::CallRequest request, Instant deadline,
                         CallDone done, Lane lane) {
  state_->call(address, std::move(request), deadline, std::move(done), lane, false);
}

void TchannelPeers::call_secured(const std::string& address, tchannel::CallRequest request, Instant deadline,
                                 CallDone done) {
  state_->call(address, std::move(request), deadline, std::move(done), Lane::gossip, true);
}

std::vector<std::string> TchannelPeers::peer_names(const std::string& address) const {
  const auto link = state_->find(address);
  return link ? link->peer_names() : std::vector<std::string>();
}

// One that would arrive after its deadline has been lost by then.
void TchannelPeers::State::call_late(const std::string& address, tchannel::CallRequest request,
                                     Instant arrives, Instant deadline, CallDone guarded, Lane lane,
                                     bool secured) {
  const auto timer = std::make_shared<boost::asio::steady_timer>(io, std::min(arrives, deadline));
  timer->async_wait([weak = weak_from_this(), timer, address, request = std::move(request), arrives, deadline,
                     guarded = std::move(guarded), lane, secured](boost::system::error_code) mutable {
    const auto self = weak.lock();
    if (!self || self->closed) return;
    if (arrives >= deadline) return guarded(CallFailure{Errc::timed_out, "lost on purpose (/v1/faults)"});
    self->place(address, std::move(request), deadline, std::move(guarded), lane, secured);
  });
}

void TchannelPeers::set_faults(FaultsPtr faults) {
  state_->faults = std::move(faults);
}

void TchannelPeers::meet(const std::string& address) {
  if (state_->closed || state_->find(address)) return;
  // Whether nobody is there, or too many are: the next ping to it will say so.
  static_cast<void>(state_->dial(address, state_->security.dials_with()));
}

void TchannelPeers::set_security(security::PeerSecurity security) {
  state_->security = std::move(security);
  for (const auto& [key, entry] : std::map(state_->links)) state_->retire_plain(entry);
}

void TchannelPeers::adopt(Socket socket, const std::string& first_bytes, const std::string& remote,
                          security::TlsSessionPtr tls) {
  if (state_->closed) return;
  if (state_->accepted_links >= state_->connections_max) {
    if (state_->events.turned_away) state_->events.turned_away();
    return;  // the socket closes as it goes
  }
  state_->add({}, remote)->adopt(std::move(socket), first_bytes, std::move(tls));
}

void TchannelPeers::close() {
  state_->closed = true;
  std::vector<LinkPtr> all;
  for (const auto& [key, entry] : state_->links) all.push_back(entry.link);
  for (const auto& link : all) link->close({Errc::cancelled, "shutting down"});
}

std::size_t TchannelPeers::connections() const {
  return state_->links.size();
}

}  // namespace ringside::net
