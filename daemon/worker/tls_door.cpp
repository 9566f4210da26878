#include "daemon/worker/tls_door.hpp"

#include <chrono>
#include <utility>

#include "daemon/base/limits.hpp"
#include "daemon/obs/log.hpp"

namespace ringside::worker {
namespace {

constexpr auto quiet_between_complaints = std::chrono::seconds(1);
constexpr std::size_t buffer_max = 16 * 1024;

}  // namespace

class TlsDoor::Visitor final : public net::StreamEvents, public Buried {
 public:
  Visitor(TlsDoor& door, std::uint64_t number, net::Socket socket, std::string_view first_bytes,
          std::string remote)
      : number_(number),
        remote_(std::move(remote)),
        door_(door),
        stream_(std::move(socket), *this, buffer_max, door.context_.security.tls->accept()),
        timer_(door.context_.timers, [this] { door_.refuse(*this, security::TlsErrc::too_slow); }) {
    timer_.after(limits::tls_handshake_time);
    stream_.feed(first_bytes);
    stream_.read();
  }

  void on_secured() override { door_.let_in(*this); }
  void on_broken(boost::system::error_code error) override { door_.refuse(*this, error); }
  // Nothing is read here once the handshake is over, and its end within it is a failure.
  void on_bytes() override {}
  void on_eof() override {}
  void on_drained() override {}

  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] const std::string& remote() const { return remote_; }
  [[nodiscard]] net::Stream& stream() { return stream_; }
  void stop() { timer_.cancel(); }

 private:
  std::uint64_t number_;
  std::string remote_;
  TlsDoor& door_;
  net::Stream stream_;
  net::Timer timer_;
};

TlsDoor::TlsDoor(Context& context, Exits exits) : context_(context), exits_(std::move(exits)) {}

void TlsDoor::close_all() {
  visitors_.clear();
}

TlsDoor::~TlsDoor() = default;

void TlsDoor::enter(net::Socket socket, std::string_view first_bytes, std::string remote) {
  if (!context_.security.tls) return;  // dropping the socket closes it
  if (visitors_.size() >= limits::tls_handshakes) {
    context_.metrics.tls_too_many.add();
    leave(*visitors_.begin()->second);
  }
  const auto number = next_++;
  visitors_.emplace(
      number, std::make_unique<Visitor>(*this, number, std::move(socket), first_bytes, std::move(remote)));
}

// It may be on the stack: it dies at the end of the turn.
void TlsDoor::leave(Visitor& visitor) {
  visitor.stop();
  auto node = visitors_.extract(visitor.number());
  if (!node.empty()) context_.turn.bury(std::move(node.mapped()), nullptr);
}

void TlsDoor::let_in(Visitor& visitor) {
  context_.metrics.tls_accepted.add();
  switch (visitor.stream().tls()->protocol()) {
    case security::Protocol::http2: exits_.http2(std::move(visitor.stream())); break;
    case security::Protocol::calls: exits_.calls(std::move(visitor.stream())); break;
    case security::Protocol::gossip: exits_.gossip(visitor.stream().release(), visitor.remote()); break;
  }
  leave(visitor);
}

void TlsDoor::refuse(Visitor& visitor, boost::system::error_code error) {
  context_.metrics.tls_refused.add();
  if (Clock::now() - complained_ >= quiet_between_complaints) {  // counted all the same
    complained_ = Clock::now();
    const auto* tls = visitor.stream().tls();
    obs::log(obs::Level::warn, "peer_refused",
             {{"peer", visitor.remote()}, {"cause", tls->error() == error ? tls->why() : error.message()}});
  }
  leave(visitor);
}

}  // namespace ringside::worker
