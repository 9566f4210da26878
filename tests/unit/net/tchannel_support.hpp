// TChannel over loopback for tests: a host with a listening port and its peers, and a raw peer that writes
// bytes as it likes and shows the frames it got. All in one io_context, driven until a condition holds.
#pragma once

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/rng.hpp"
#include "daemon/net/listener.hpp"
#include "daemon/net/tchannel_peers.hpp"

namespace ringside::net::test {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;

// Runs the loop until the condition holds; false when the limit is over. Nothing sleeps: the loop waits for
// events.
inline bool run_until(boost::asio::io_context& io, const std::function<bool()>& condition,
                      Duration limit = 10s) {
  const Instant end = Clock::now() + limit;
  io.restart();
  while (!condition()) {
    if (Clock::now() >= end) return false;
    boost::asio::steady_timer wake(io, std::min<Duration>(end - Clock::now(), 20ms));
    wake.async_wait([](boost::system::error_code) {});
    io.run_one();
    io.poll();
  }
  return true;
}

inline std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

// Answers every call by default: arg3 comes back, with what the caller said in front when it is short.
struct TestHost {
  explicit TestHost(boost::asio::io_context& context, TchannelOptions options = {},
                    std::size_t connections_max = 2000)
      : io(context), listening(*ListeningSocket::open(Address{"127.0.0.1", 0, {}}, "test")) {
    address = listening.address().to_string();
    options.host_port = address;
    options.process_name = "ringside[1]";
    options.version = "0.0.0";
    peers.emplace(
        io, options, connections_max,
        TchannelPeers::Events{
            .call = [this](IncomingCall call) { on_call(std::move(call)); },
            .met = [this](const TchannelIdentity& peer) { met.push_back(peer); },
            .misbehaved = [this](const std::string&, const std::string& what) { complaints.push_back(what); },
            .lost = [this](const std::string& from) { lost.push_back(from); }});
    acceptor.emplace(io, listening, [this](Socket socket, std::string remote) {
      ++accepted;
      if (silent)
        kept.push_back(std::move(socket));
      else
        peers->adopt(std::move(socket), {}, remote);
    });
  }

  struct Outcome {
    int times = 0;
    std::optional<CallResult> result;
  };
  std::shared_ptr<Outcome> call(const std::string& to, std::string body, Duration time = 5s) {
    tchannel::CallRequest request;
    request.service = "test";
    request.headers = {{"as", "json"}, {"cn", "test"}};
    request.arg1 = "echo";
    request.arg3 = std::move(body);
    auto outcome = std::make_shared<Outcome>();
    peers->call(to, std::move(request), Clock::now() + time, [outcome](CallResult result) {
      ++outcome->times;
      outcome->result.emplace(std::move(result));
    });
    return outcome;
  }

  boost::asio::io_context& io;
  ListeningSocket listening;
  std::string address;
  std::function<void(IncomingCall)> on_call = [](IncomingCall call) {
    call.responder.answer(0, call.request.arg3);
  };
  std::vector<TchannelIdentity> met;
  std::vector<std::string> complaints;
  std::vector<std::string> lost;
  int accepted = 0;
  bool silent = false;  // accepts and says nothing
  std::vector<Socket> kept;
  std::optional<TchannelPeers> peers;
  std::optional<Acceptor> acceptor;
};

// A peer in the test's hands.
class RawPeer {
 public:
  struct Frame {
    tchannel::FrameType type;
    std::uint32_t id;
    std::string payload;
    [[nodiscard]] int first_byte() const {
      return payload.empty() ? -1 : static_cast<unsigned char>(payload[0]);
    }
  };

  RawPeer(boost::asio::io_context& io, const std::string& address) : io_(io), socket_(io) {
    const auto parsed = parse_address(address);
    socket_.connect(tcp::endpoint(boost::asio::ip::make_address(parsed->host), parsed->port));
    socket_.set_option(tcp::no_delay(true));
    read();
  }
  RawPeer(boost::asio::io_context& io, tcp::socket socket) : io_(io), socket_(std::move(socket)) { read(); }

  void send(std::string_view bytes) {
    boost::system::error_code ignored;  // the other side may have hung up already: what it said counts
    boost::asio::write(socket_, boost::asio::buffer(bytes), ignored);
  }
  void send_init(const std::string& host_port = "0.0.0.0:0") {
    std::string bytes;
    tchannel::Init init;
    init.headers = {{"host_port", host_port}, {"process_name", "raw"}};
    tchannel::write_init(bytes, tchannel::FrameType::init_req, 1, init);
    send(bytes);
  }
  template <class Message>
  void send(std::uint32_t id, const Message& message) {
    std::string bytes;
    tchannel::write(bytes, id, message);
    send(bytes);
  }
  // Waits until this many frames have come in all.
  bool wait_frames(std::size_t count, Duration limit = 5s) {
    return run_until(io_, [&] { return frames_.size() >= count; }, limit);
  }
  bool wait_closed(Duration limit = 5s) {
    return run_until(io_, [&] { return closed_; }, limit);
  }
  void close() { socket_.close(); }
  [[nodiscard]] const std::vector<Frame>& frames() const { return frames_; }
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  void read() {
    socket_.async_read_some(
        boost::asio::buffer(chunk_), [this](boost::system::error_code error, std::size_t size) {
          if (error == boost::asio::error::operation_aborted) return;
          if (error) {
            closed_ = true;
            return socket_.close();
          }
          bytes_.insert(bytes_.end(), chunk_.begin(), chunk_.begin() + static_cast<std::ptrdiff_t>(size));
          take();
          read();
        });
  }
  void take() {
    for (;;) {
      const auto step = tchannel::next_frame(bytes_);
      const auto* frame = std::get_if<tchannel::FrameView>(&step);
      if (frame == nullptr) return;
      frames_.push_back({frame->type, frame->id, std::string(frame->payload.begin(), frame->payload.end())});
      bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(frame->size));
    }
  }

  boost::asio::io_context& io_;
  tcp::socket socket_;
  std::array<std::uint8_t, 65536> chunk_{};
  std::vector<std::uint8_t> bytes_;
  std::vector<Frame> frames_;
  bool closed_ = false;
};

}  // namespace ringside::net::test
