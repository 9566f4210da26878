#include "daemon/control/peer_port.hpp"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <utility>

#include "daemon/net/tchannel_handshake.hpp"
#include "daemon/security/tls.hpp"
#include "proto/http2/preface.hpp"

namespace ringside::control {
namespace {

constexpr std::string_view plain_refusal =
    "this member speaks TLS only: give yours the same security.cluster_key_file";

// Whose connection it is stands in the init message. What is none, the control thread complains of.
PeerProtocol tell_tchannel(std::string_view bytes) {
  if (net::init_too_large(bytes)) return PeerProtocol::tchannel;
  const auto step = tchannel::next_frame({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
  if (std::holds_alternative<tchannel::NeedMore>(step)) return PeerProtocol::undecided;
  const auto* frame = std::get_if<tchannel::FrameView>(&step);
  if (frame == nullptr || frame->type != tchannel::FrameType::init_req) return PeerProtocol::tchannel;
  const auto identity = net::judge_init(frame->payload);
  return identity && identity->hop > 0 ? PeerProtocol::calls : PeerProtocol::tchannel;
}

}  // namespace

PeerProtocol tell_protocol(std::string_view first_bytes) {
  if (first_bytes.starts_with(security::handshake_record)) return PeerProtocol::tls;
  switch (http2::tell_preface(first_bytes)) {
    case http2::Preface::no: return tell_tchannel(first_bytes);
    case http2::Preface::undecided: return PeerProtocol::undecided;
    case http2::Preface::yes: return PeerProtocol::http2;
  }
  return PeerProtocol::undecided;
}

struct PeerPort::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& context, std::size_t max, Duration limit, Events e)
      : io(context), undecided_max(max), silence(limit), events(std::move(e)) {}

  struct Undecided {
    Undecided(boost::asio::io_context& context, std::uint64_t n, net::Socket s, std::string r)
        : serial(n), socket(std::move(s)), remote(std::move(r)), timer(context) {}
    std::uint64_t serial;
    net::Socket socket;
    std::string remote;
    boost::asio::steady_timer timer;
    std::string bytes;
    std::array<char, 4096> buffer{};
  };
  using UndecidedPtr = std::shared_ptr<Undecided>;

  void accept(net::Socket socket, std::string remote) {
    if (events.allows && !events.allows(remote)) return turn_away(TurnedAway::stranger, remote);
    // Whoever speaks is told apart within moments, so the one that has waited longest is the least loss; else
    // silent connections would keep every new peer out.
    if (undecided.size() >= undecided_max) {
      const auto oldest = undecided.begin()->second;
      turn_away(TurnedAway::too_many, oldest->remote);
      drop(oldest);
    }
    const auto connection =
        std::make_shared<Undecided>(io, next_serial++, std::move(socket), std::move(remote));
    undecided.emplace(connection->serial, connection);
    connection->timer.expires_after(silence);
    connection->timer.async_wait([self = shared_from_this(), connection](boost::system::error_code aborted) {
      if (aborted || !self->undecided.contains(connection->serial)) return;
      self->turn_away(TurnedAway::silent, connection->remote);
      self->drop(connection);
    });
    read(connection);
  }

  void turn_away(TurnedAway why, const std::string& remote) const {
    if (events.turned_away) events.turned_away(why, remote);
  }

  void read(const UndecidedPtr& connection) {
    connection->socket.async_read_some(
        boost::asio::buffer(connection->buffer),
        [self = shared_from_this(), connection](boost::system::error_code error, std::size_t size) {
          if (!self->undecided.contains(connection->serial)) return;
          if (error) return self->drop(connection);
          connection->bytes.append(connection->buffer.data(), size);
          self->decide(connection);
        });
  }

  void decide(const UndecidedPtr& connection) {
    const bool is_tls = connection->bytes.starts_with(security::handshake_record);
    if (is_tls ? !takes_tls : !takes_plain) return refuse(connection, is_tls);
    const auto protocol = tell_protocol(connection->bytes);
    if (protocol == PeerProtocol::undecided) return read(connection);
    undecided.erase(connection->serial);
    connection->timer.cancel();
    if (protocol == PeerProtocol::tchannel)
      return events.tchannel(std::move(connection->socket), std::move(connection->bytes),
                             std::move(connection->remote));
    boost::system::error_code error;
    connection->socket.native_non_blocking(true, error);
    const int fd = connection->socket.release(error);
    if (error) return;
    if (protocol == PeerProtocol::calls) return events.calls(fd, std::move(connection->bytes));
    if (protocol == PeerProtocol::tls)
      return events.tls(fd, std::move(connection->bytes), std::move(connection->remote));
    events.http2(fd, std::move(connection->bytes), std::move(connection->remote));
  }

  void refuse(const UndecidedPtr& connection, bool is_tls) {
    turn_away(is_tls ? TurnedAway::tls : TurnedAway::plain, connection->remote);
    if (!is_tls) {  // a Ringpop and an older ringside log it
      std::string frame;
      tchannel::write(frame, tchannel::no_message_id,
                      tchannel::Error{tchannel::ErrorCode::fatal, {}, std::string(plain_refusal)});
      boost::system::error_code ignored;
      connection->socket.write_some(boost::asio::buffer(frame), ignored);
    }
    drop(connection);
  }

  void drop(UndecidedPtr connection) {  // by value: the map may hold the last one
    if (undecided.erase(connection->serial) == 0) return;
    connection->timer.cancel();
    boost::system::error_code ignored;
    connection->socket.close(ignored);
  }

  boost::asio::io_context& io;
  std::size_t undecided_max;
  Duration silence;
  Events events;
  bool takes_plain = true, takes_tls = false;
  std::map<std::uint64_t, UndecidedPtr> undecided;  // the oldest first
  std::uint64_t next_serial = 0;
};

PeerPort::PeerPort(boost::asio::io_context& io, const net::ListeningSocket& listening,
                   std::size_t undecided_max, Duration silence, Events events)
    : state_(std::make_shared<State>(io, undecided_max, silence, std::move(events))),
      acceptor_(io, listening, [state = state_](net::Socket socket, std::string remote) {
        state->accept(std::move(socket), std::move(remote));
      }) {}

void PeerPort::take(bool plain, bool tls) {
  state_->takes_plain = plain;
  state_->takes_tls = tls;
}

PeerPort::~PeerPort() {
  while (!state_->undecided.empty()) state_->drop(state_->undecided.begin()->second);
}

}  // namespace ringside::control
