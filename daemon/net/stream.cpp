#include "daemon/net/stream.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <cstring>
#include <utility>
#include <vector>

namespace ringside::net {
namespace {

constexpr std::size_t first_buffer = 4 * 1024;  // most requests fit; grows by doubling
constexpr std::size_t keep_output = 64 * 1024;  // an idle connection gives a larger output buffer back

}  // namespace

struct Stream::State : std::enable_shared_from_this<State> {
  State(Socket s, StreamEvents& e, std::size_t limit) : socket(std::move(s)), events(&e), buffer_max(limit) {}

  [[nodiscard]] std::size_t unread() const { return end - begin; }

  void start_read() {
    if (in_flight || !wanted || eof || broken || unread() >= buffer_max) return;
    make_room();
    in_flight = true;
    socket.async_read_some(boost::asio::buffer(buffer.data() + end, buffer.size() - end),
                           [self = shared_from_this()](boost::system::error_code error, std::size_t count) {
                             self->in_flight = false;
                             self->on_read(error, count);
                           });
  }

  void make_room() {
    if (buffer.size() < first_buffer) buffer.resize(first_buffer);  // feed() may have left less
    if (begin == end) begin = end = 0;
    if (end < buffer.size()) return;
    if (begin > 0) {
      std::memmove(buffer.data(), buffer.data() + begin, unread());
      end -= begin;
      begin = 0;
      if (end < buffer.size() / 2) return;
    }
    buffer.resize(std::min(buffer.size() * 2, std::max(buffer_max, buffer.size() + first_buffer)));
  }

  void on_read(boost::system::error_code error, std::size_t count) {
    if (!events) return;
    if (error == boost::asio::error::eof) {
      eof = true;
    } else if (error) {
      fail(error);
      return;
    }
    end += count;
    if (wanted) report();
    start_read();
  }

  // Tells the owner what has come since it was told last.
  void report() {
    if (unread() > 0 && events) events->on_bytes();
    if (eof && !eof_reported && events && wanted) {
      eof_reported = true;
      events->on_eof();
    }
  }

  void flush() {
    if (waiting_to_write || broken) return;
    if (write_failed) return output.clear();
    const bool had_waited = std::exchange(was_blocked, false);
    while (written < output.size()) {
      boost::system::error_code error;
      const std::size_t count =
          socket.write_some(boost::asio::buffer(output.data() + written, output.size() - written), error);
      if (error == boost::asio::error::would_block || error == boost::asio::error::try_again) {
        wait_writable();
        return;
      }
      if (error) return give_up_writing();
      written += count;
    }
    written = 0;
    if (output.capacity() > keep_output) {
      output = std::string();
    } else {
      output.clear();
    }
    if (end_when_written) {
      boost::system::error_code ignored;
      socket.shutdown(Socket::shutdown_send, ignored);
      end_when_written = false;
    }
    if (had_waited && events) events->on_drained();
  }

  // The other side takes nothing more, but may have said why before it went: reading goes on and finds the
  // end.
  void give_up_writing() {
    write_failed = wanted = true;
    output.clear();
    written = 0;
    start_read();
  }

  void wait_writable() {
    if (written > 0) {
      output.erase(0, written);
      written = 0;
    }
    waiting_to_write = was_blocked = true;
    socket.async_wait(Socket::wait_write, [self = shared_from_this()](boost::system::error_code error) {
      self->waiting_to_write = false;
      if (!self->events) return;
      if (error) {
        self->give_up_writing();
      } else {
        self->flush();
      }
    });
  }

  void fail(boost::system::error_code error) {
    if (std::exchange(broken, true) || !events) return;
    events->on_broken(error);
  }

  Socket socket;
  StreamEvents* events;  // nullptr once the Stream is gone; handlers that still come do nothing
  std::vector<char> buffer;
  std::size_t begin = 0, end = 0;  // unread bytes in buffer
  std::size_t buffer_max;
  std::string output;
  std::size_t written = 0;  // of output
  bool wanted = false, in_flight = false, eof = false, eof_reported = false;
  bool waiting_to_write = false, was_blocked = false, end_when_written = false, broken = false;
  bool write_failed = false;
};

Stream::Stream(Socket socket, StreamEvents& events, std::size_t buffer_max)
    : state_(std::make_shared<State>(std::move(socket), events, buffer_max)) {}

Stream::Stream(Stream&& from, StreamEvents& events, std::size_t buffer_max) : state_(std::move(from.state_)) {
  state_->events = &events;
  state_->buffer_max = buffer_max;
  state_->wanted = false;
}

Stream::~Stream() {
  if (!state_) return;
  state_->events = nullptr;
  boost::system::error_code ignored;
  state_->socket.close(ignored);
}

void Stream::read() {
  if (std::exchange(state_->wanted, true)) return state_->start_read();
  // Bytes may have come in, or been fed, while nobody wanted them. The owner expects news from a fresh stack
  // only.
  if (state_->unread() > 0 || (state_->eof && !state_->eof_reported)) {
    boost::asio::post(state_->socket.get_executor(), [state = state_] {
      if (state->events && state->wanted) state->report();
      if (state->events) state->start_read();
    });
    return;
  }
  state_->start_read();
}

void Stream::pause() {
  state_->wanted = false;
}
bool Stream::reading() const {
  return state_->wanted;
}

std::string_view Stream::buffered() const {
  return {state_->buffer.data() + state_->begin, state_->unread()};
}

// Moves nothing and starts nothing: a read may be under way behind these bytes, and views into them are still
// in use.
void Stream::consume(std::size_t bytes) {
  state_->begin += bytes;
}

void Stream::feed(std::string_view bytes) {
  state_->buffer.insert(state_->buffer.begin() + static_cast<std::ptrdiff_t>(state_->begin), bytes.begin(),
                        bytes.end());
  state_->end += bytes.size();
}

std::string& Stream::out() {
  return state_->output;
}
std::size_t Stream::backlog() const {
  return state_->output.size() - state_->written;
}
void Stream::flush() {
  state_->flush();
}

void Stream::end_output() {
  state_->end_when_written = true;
  state_->flush();
}

void Stream::abort() {
  const linger now{1, 0};
  ::setsockopt(state_->socket.native_handle(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  state_->events = nullptr;
  state_->broken = true;
  boost::system::error_code ignored;
  state_->socket.close(ignored);
}

bool Stream::half_closed() const {
  return state_->eof;
}

}  // namespace ringside::net
