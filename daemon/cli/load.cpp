#include "daemon/cli/load.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/base/limits.hpp"
#include "daemon/net/connect.hpp"
#include "daemon/net/timers.hpp"
#include "proto/http1/parser.hpp"

namespace ringside::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto look_every = 1s;

// What all connections of one load share.
struct Shared {
  explicit Shared(const Load& what) : load(what), end(Clock::now() + what.time) {}
  [[nodiscard]] bool over() const { return Clock::now() >= end; }
  void failed(const char* how) {
    ++tally.requests;
    ++tally.failed;
    ++tally.results[how];
  }

  const Load& load;
  const Instant end;
  boost::asio::io_context io{1};
  net::Timers timers{io};
  Tally tally;
  int busy = 0;  // connections that are not done yet
};

class Connection {
 public:
  explicit Connection(Shared& shared) : shared_(shared), pause_(shared.timers, [this] { dial(); }) {
    ++shared_.busy;
    dial();
  }
  // It waits for an answer, in the end.
  [[nodiscard]] bool waits() const { return waits_; }

 private:
  void dial() {
    if (shared_.over()) return done();
    socket_.reset();
    parser_.emplace();  // it may have begun with an answer that was cut off
    connector_ =
        std::make_unique<net::Connector>(shared_.io, shared_.timers, shared_.load.at,
                                         limits::peer_connect_time, [this](Result<net::Socket> socket) {
                                           if (socket) {
                                             socket_.emplace(std::move(*socket));
                                             return ask();
                                           }
                                           shared_.failed("not reached");
                                           pause_.after(limits::bench_redial_pause);
                                         });
  }

  void ask() {
    if (shared_.over()) return done();
    buffer_.clear();
    head_.reset();
    request_ = shared_.load.next();
    began_ = Clock::now();
    waits_ = true;
    boost::asio::async_write(*socket_, boost::asio::buffer(request_),
                             [this](boost::system::error_code error, std::size_t) {
                               if (error) return lost();
                               read();
                             });
  }

  void read() {
    socket_->async_read_some(boost::asio::buffer(piece_),
                             [this](boost::system::error_code error, std::size_t count) {
                               if (error) return head_ && body_.at_eof() ? answered(false) : lost();
                               buffer_.append(piece_.data(), count);
                               parse();
                             });
  }

  void parse() {
    while (!head_) {
      const auto step = parser_->next(buffer_, shared_.load.to_head);
      if (std::holds_alternative<http1::NeedMore>(step)) return read();
      if (std::holds_alternative<http1::Refusal>(step)) return lost();
      const auto& complete = std::get<http1::Complete<http::ResponseHead>>(step);
      if (complete.head->status >= 200) take(*complete.head);
      buffer_.erase(0, complete.length);
    }
    while (!body_.finished()) {
      const auto step = body_.next(buffer_);
      if (std::holds_alternative<http1::Refusal>(step)) return lost();
      const auto& piece = std::get<http1::BodyReader::Piece>(step);
      buffer_.erase(0, piece.consumed);
      if (piece.consumed == 0 && !piece.finished) return read();
    }
    answered(head_->keep_alive);
  }

  void take(const http::ResponseHead& head) {
    const auto field = [&](std::string_view name) {
      return std::string(http::find(head.fields, name).value_or(""));
    };
    head_ = Head{head.status, field("Ringside-Error"), field("Ringside-Owner"), head.keep_alive};
    body_ = http1::BodyReader(head.framing);
  }

  void answered(bool keep) {
    Tally& tally = shared_.tally;
    tally.latencies.add(Clock::now() - began_);
    ++tally.requests;
    ++tally.results[std::to_string(head_->status) + (head_->code.empty() ? "" : " " + head_->code)];
    if (head_->status >= 500 || !head_->code.empty()) ++tally.failed;
    if (!head_->owner.empty()) ++tally.owners[head_->owner];
    waits_ = false;
    if (keep) return ask();
    dial();
  }

  // In the middle of a request.
  void lost() {
    waits_ = false;
    shared_.failed("no answer");
    pause_.after(limits::bench_redial_pause);
  }

  void done() {
    if (--shared_.busy == 0) shared_.io.stop();
  }

  struct Head {
    int status = 0;
    std::string code, owner;
    bool keep_alive = false;
  };

  Shared& shared_;
  net::Timer pause_;
  std::unique_ptr<net::Connector> connector_;
  std::optional<net::Socket> socket_;
  std::string request_, buffer_;
  std::array<char, 16 * 1024> piece_{};
  std::optional<http1::ResponseParser> parser_;
  http1::BodyReader body_;
  std::optional<Head> head_;
  Instant began_{};
  bool waits_ = false;
};

}  // namespace

// Below twice `steps` every number has a slot of its own; above, the leading bits name it.
std::size_t Latencies::slot_of(std::uint64_t micros) {
  if (micros < 2 * steps) return micros;
  constexpr auto bits = [](std::uint64_t number) { return static_cast<std::size_t>(std::bit_width(number)); };
  const std::size_t dropped = bits(micros) - bits(2 * steps - 1);
  return dropped * steps + (micros >> dropped);
}

std::uint64_t Latencies::most_in(std::size_t slot) {
  if (slot < 2 * steps) return slot;
  const std::size_t dropped = slot / steps - 1;
  return ((slot - dropped * steps + 1) << dropped) - 1;
}

void Latencies::add(Duration took) {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  ++counts_[std::min(slot_of(static_cast<std::uint64_t>(std::max<std::int64_t>(micros, 0))),
                     counts_.size() - 1)];
  ++count_;
  longest_ = std::max(longest_, took);
}

Duration Latencies::at(int permille) const {
  std::uint64_t wanted = (count_ * static_cast<std::uint64_t>(permille) + 999) / 1000;
  for (std::size_t slot = 0; slot < counts_.size() && wanted > 0; ++slot) {
    if (counts_[slot] >= wanted)
      return std::min<Duration>(std::chrono::microseconds(most_in(slot)), longest_);
    wanted -= counts_[slot];
  }
  return {};
}

Tally put_load(const Load& load, const std::function<void(const Tally&, Duration)>& look) {
  Shared shared(load);
  const Instant began = Clock::now();
  std::vector<std::unique_ptr<Connection>> connections;
  for (int i = 0; i < load.connections; ++i) connections.push_back(std::make_unique<Connection>(shared));
  net::Timer last(shared.timers, [&] { shared.io.stop(); });
  last.at(shared.end + limits::bench_patience);
  std::optional<net::Timer> looking;
  looking.emplace(shared.timers, [&] {
    look(shared.tally, Clock::now() - began);
    looking->after(look_every);
  });
  looking->after(look_every);
  shared.io.run();
  for (const auto& connection : connections)
    if (connection->waits()) shared.failed("no answer");
  return std::move(shared.tally);
}

}  // namespace ringside::cli
