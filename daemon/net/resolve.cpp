#include "daemon/net/resolve.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>
#include <thread>

#include "daemon/base/address.hpp"
#include "daemon/base/limits.hpp"
#include "daemon/net/resolve_names.hpp"

namespace ringside::net {
namespace {

std::optional<std::string> as_literal(const Address& address) {
  boost::system::error_code error;
  const auto ip = boost::asio::ip::make_address(address.host, error);
  if (error) return std::nullopt;
  return Address{ip.to_string(), address.port, {}}.to_string();
}

// What a seed asks for: addresses that are known at once, or a name to look up.
struct Plan {
  std::vector<std::string> addresses;
  std::optional<NameLookup> lookup;
  std::string error;
};

Plan plan_host(std::string_view text, bool every_address) {
  const auto address = parse_address(text, default_peer_port);
  if (!address) return {{}, {}, std::move(address).error()};
  if (address->is_unix()) return {{}, {}, "a seed is a peer's TCP address"};
  if (auto literal = as_literal(*address)) return {{*std::move(literal)}, {}, {}};
  return {{},
          NameLookup{every_address ? NameLookup::Kind::all : NameLookup::Kind::host, address->host,
                     address->port},
          {}};
}

Plan plan_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return {{}, {}, "cannot read " + path + ": " + std::strerror(errno)};
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (text.size() > limits::seed_file_bytes) return {{}, {}, path + " is over 1 MiB"};
  Plan plan;
  for (const auto& entry : seeds_in_file(text)) {
    const auto address = parse_address(entry, default_peer_port);
    const auto literal = address && !address->is_unix() ? as_literal(*address) : std::nullopt;
    if (literal)
      plan.addresses.push_back(*literal);
    else
      plan.error = path + ": '" + entry + "' is not an ip:port";
  }
  if (plan.addresses.empty() && plan.error.empty()) plan.error = path + " lists no address";
  return plan;
}

Plan plan_seed(const std::string& seed) {
  if (seed.starts_with("dns://")) return plan_host(std::string_view(seed).substr(6), true);
  if (seed.starts_with("file:")) return plan_file(seed.substr(5));
  if (!seed.starts_with("srv://")) return plan_host(seed, false);
  if (seed.size() == 6) return {{}, {}, "a name is missing behind srv://"};
  return {{}, NameLookup{NameLookup::Kind::srv, seed.substr(6), 0}, {}};
}

}  // namespace

std::vector<std::string> seeds_in_file(std::string_view text) {
  std::vector<std::string> found;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    auto rest = line.substr(0, line.find('#'));
    for (;;) {
      // A bracket belongs to an IPv6 address when a ':' follows soon; JSON's stand alone or next to a quote.
      const auto start = rest.find_first_not_of(" \t\r,\"");
      if (start == std::string_view::npos) break;
      rest.remove_prefix(start);
      auto word = rest.substr(0, rest.find_first_of(" \t\r,\""));
      rest.remove_prefix(word.size());
      if (word.starts_with('[') && word.find("]:") == std::string_view::npos) word.remove_prefix(1);
      if (word.ends_with(']') && !word.starts_with('[')) word.remove_suffix(1);
      if (!word.empty()) found.emplace_back(word);
    }
  }
  return found;
}

// One resolve(): waits for all lookups or the time limit, whichever is first.
struct SeedResolver::Round : std::enable_shared_from_this<Round> {
  Round(boost::asio::io_context& context, Done callback)
      : io(context), timer(context), done(std::move(callback)) {}

  struct Pending {
    explicit Pending(boost::asio::io_context& context) : from_helper(context) {}
    boost::asio::local::stream_protocol::socket from_helper;
    std::string text;
    bool ended = false;
  };
  struct Slot {
    std::string seed;
    Plan plan;
    std::unique_ptr<Pending> pending;
  };

  void start(const std::vector<std::string>& seeds, Duration time_limit) {
    for (const auto& seed : seeds) {
      slots.push_back({seed, plan_seed(seed), nullptr});
      if (slots.back().plan.lookup) look_up(slots.back());
    }
    for (auto& slot : slots)
      if (slot.pending) read(*slot.pending);
    timer.expires_after(time_limit);
    timer.async_wait([self = shared_from_this()](boost::system::error_code aborted) {
      if (!aborted) self->finish();
    });
    if (waiting == 0) boost::asio::post(io, [self = shared_from_this()] { self->finish(); });
  }

  void look_up(Slot& slot) {
    int ends[2];
    if (waiting >= limits::seed_look_ups || ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
      slot.plan.error = "too many names are being looked up";
      return;
    }
    slot.pending = std::make_unique<Pending>(io);
    slot.pending->from_helper.assign(boost::asio::local::stream_protocol(), ends[0]);
    ++waiting;
    try {
      std::thread(look_up_name, *slot.plan.lookup, ends[1]).detach();
    } catch (const std::system_error&) {  // no more threads: the closed end reads as an empty answer
      ::close(ends[1]);
    }
  }

  void read(Pending& pending) {
    boost::asio::async_read(pending.from_helper, boost::asio::dynamic_buffer(pending.text),
                            [self = shared_from_this(), &pending](boost::system::error_code, std::size_t) {
                              pending.ended = true;
                              if (--self->waiting == 0) self->finish();
                            });
  }

  void finish() {
    const auto callback = std::exchange(done, nullptr);
    if (!callback) return;
    timer.cancel();
    Resolved resolved;
    for (auto& slot : slots) {
      if (slot.pending) collect(slot);
      for (auto& address : slot.plan.addresses)
        if (std::find(resolved.addresses.begin(), resolved.addresses.end(), address) ==
            resolved.addresses.end())
          resolved.addresses.push_back(address);
      if (!slot.plan.error.empty()) resolved.failures.emplace_back(slot.seed, slot.plan.error);
    }
    stop();
    callback(std::move(resolved));
  }

  static void collect(Slot& slot) {
    auto answer = read_name_answer(slot.pending->text);
    slot.plan.addresses = std::move(answer.addresses);
    slot.plan.error = std::move(answer.error);
    if (slot.plan.addresses.empty() && slot.plan.error.empty())
      slot.plan.error =
          slot.pending->ended ? "the name has no address" : "the name server did not answer in time";
  }

  void stop() {
    done = nullptr;
    timer.cancel();
    boost::system::error_code ignored;
    for (auto& slot : slots)
      if (slot.pending) slot.pending->from_helper.close(ignored);
  }

  boost::asio::io_context& io;
  boost::asio::steady_timer timer;
  Done done;
  std::vector<Slot> slots;
  std::size_t waiting = 0;
};

SeedResolver::SeedResolver(boost::asio::io_context& io, Duration time_limit)
    : io_(io), time_limit_(time_limit) {}

SeedResolver::~SeedResolver() {
  if (round_) round_->stop();
}

void SeedResolver::resolve(const std::vector<std::string>& seeds, Done done) {
  if (round_) round_->stop();
  round_ = std::make_shared<Round>(io_, std::move(done));
  round_->start(seeds, time_limit_);
}

}  // namespace ringside::net
