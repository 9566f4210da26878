#include "daemon/net/stream.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "daemon/net/poller.hpp"

namespace ringside::net {
namespace {

constexpr int reads_at_once = 4;                // of one stream before others get their turn
constexpr std::size_t bulk_buffer = 64 * 1024;  // what is read at once of a long body, at most
constexpr std::size_t first_buffer = 2 * 1024;  // most requests fit; grows with what comes
constexpr std::size_t keep_output = 64 * 1024;  // an idle connection gives a larger output buffer back
constexpr std::size_t record_bytes = 16 * 1024 + 256 + 5;  // the largest of TLS (RFC 8446 5.2)

}  // namespace

struct Stream::State final : Watched, std::enable_shared_from_this<State> {
  State(Socket s, StreamEvents& e, std::size_t limit, security::TlsSessionPtr session)
      : io(static_cast<boost::asio::io_context&>(s.get_executor().context())),
        socket(s.release()),
        events(&e),
        buffer_max(limit),
        tls(std::move(session)) {
    Poller::of(io).add(socket, *this);
  }

  [[nodiscard]] std::size_t unread() const { return end - begin; }

  void on_ready(std::uint32_t ready) override {
    if (!events) return;
    if ((ready & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable = true;
    if ((ready & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) ending = true;
    if (waiting_to_write && (ready & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
      waiting_to_write = false;
      flush();
    }
    pump();
  }

  // Reads while somebody wants it and there is something, but not for ever: others are waiting too. Each read
  // is reported; the owner may destroy the Stream from inside the report.
  void pump() {
    if (std::exchange(pumping, true)) return;
    for (int reads = 0; may_read(); ++reads) {
      if (reads == reads_at_once) {
        pump_later();
        break;
      }
      make_room();
      const std::size_t room = buffer.size() - end;
      const auto count = tls ? receive_secured(buffer.data() + end, room)
                             : ::recv(socket, buffer.data() + end, room, MSG_DONTWAIT);
      if (count < 0) {
        if (errno == EINTR) continue;
        readable = false;
        if (errno != EAGAIN && errno != EWOULDBLOCK) fail({errno, boost::system::system_category()});
        break;
      }
      end += static_cast<std::size_t>(count);
      eof = count == 0;
      filled = static_cast<std::size_t>(count) == room;
      // What comes after this read is a new event. An end that has been announced must be read, though, and
      // of a secured connection only the kernel says when it is empty.
      if (eof || (static_cast<std::size_t>(count) < room && !ending && !tls)) readable = false;
      report();
    }
    pumping = false;
  }

  [[nodiscard]] bool may_read() const {
    return readable && wanted && !eof && !broken && events != nullptr && unread() < buffer_max;
  }

  // As recv(), for plaintext. EINTR: something has been reported; look again whether there is a wish to read.
  ssize_t receive_secured(char* to, std::size_t room) {
    using Session = security::TlsSession::State;
    if (const std::size_t count = tls->read(to, room)) return static_cast<ssize_t>(count);
    if (tls->state() == Session::ended) return 0;
    if (tls->state() == Session::failed) return fail_secured(tls->error());
    std::array<char, record_bytes> ciphertext;
    const auto count = ::recv(socket, ciphertext.data(), ciphertext.size(), MSG_DONTWAIT);
    const bool shaking = tls->state() == Session::handshake;
    if (count == 0 && shaking) return fail_secured(security::TlsErrc::closed);
    if (count <= 0) return count;
    tls->receive({ciphertext.data(), static_cast<std::size_t>(count)});
    if (shaking) secure();
    return look_again();
  }

  // The handshake has come on: our part of it is sent, and when it is over what has waited for that.
  void secure() {
    flush();
    if (events != nullptr && tls->state() == security::TlsSession::State::open) events->on_secured();
  }

  static ssize_t look_again() {
    errno = EINTR;
    return -1;
  }

  // The other side gets an alert, as far as the kernel takes it.
  ssize_t fail_secured(boost::system::error_code why) {
    flush();
    fail(why);
    return look_again();
  }

  // What is to be sent goes into `sealed`.
  void seal() {
    const bool open = tls->state() == security::TlsSession::State::open ||
                      tls->state() == security::TlsSession::State::ended;
    if (open) {
      tls->write(output);
      if (end_when_written) tls->end();
      output.clear();
    } else if (!output.empty()) {
      was_blocked = true;
    }
    tls->take_output(sealed);
  }

  // From a fresh stack. `news`: there is something buffered that the owner has not been told of.
  void pump_later(bool news = false) {
    report_posted = report_posted || news;
    if (std::exchange(pump_posted, true)) return;
    boost::asio::post(io, [self = shared_from_this()] {
      self->pump_posted = false;
      if (std::exchange(self->report_posted, false) && self->wanted) self->report();
      self->pump();
    });
  }

  void close() {
    if (socket < 0) return;
    ::close(std::exchange(socket, -1));
    Poller::of(io).remove(shared_from_this());
  }

  void make_room() {
    if (buffer.size() < first_buffer) buffer.resize(first_buffer);  // feed() may have left less
    if (begin == end) begin = end = 0;
    if (filled && end == 0 && buffer.size() < bulk_buffer)  // bytes come faster than we ask for them
      buffer.resize(std::min({buffer.size() * 4, bulk_buffer, std::max(buffer_max, first_buffer)}));
    if (end < buffer.size()) return;
    if (begin > 0) {
      std::memmove(buffer.data(), buffer.data() + begin, unread());
      end -= begin;
      begin = 0;
      if (end < buffer.size() / 2) return;
    }
    buffer.resize(std::min(buffer.size() * 2, std::max(buffer_max, buffer.size() + first_buffer)));
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
    if (tls) seal();
    std::string& bytes = tls ? sealed : output;
    const bool shaking = tls && !output.empty();  // then what has to wait waits on
    const bool had_waited = !shaking && std::exchange(was_blocked, false);
    while (written < bytes.size()) {
      const auto count =
          ::send(socket, bytes.data() + written, bytes.size() - written, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count < 0) {
        if (errno == EINTR) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) return wait_writable(bytes);
        return give_up_writing({errno, boost::system::system_category()});
      }
      written += static_cast<std::size_t>(count);
    }
    written = 0;
    if (bytes.capacity() > keep_output) {
      bytes = std::string();
    } else {
      bytes.clear();
    }
    if (end_when_written && !shaking) {
      ::shutdown(socket, SHUT_WR);
      end_when_written = false;
    }
    if (had_waited && events) events->on_drained();
  }

  // The other side takes nothing more, but may have said why before it went: reading goes on and finds the
  // end. If the end of its half has been read already, this is the only news that will come; the owner hears
  // of it from a fresh stack.
  void give_up_writing(boost::system::error_code why) {
    write_failed = wanted = true;
    output.clear();
    sealed.clear();
    written = 0;
    if (!eof) return pump_later();
    boost::asio::post(io, [self = shared_from_this(), why] { self->fail(why); });
  }

  // `data` behind what is waiting already, without a copy of what the kernel takes.
  void send_through(std::string_view data) {
    if (waiting_to_write || broken || write_failed || tls) {
      output.append(data);
      return;
    }
    std::array<iovec, 2> parts = {
        {{output.data() + written, output.size() - written}, {const_cast<char*>(data.data()), data.size()}}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const auto count = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    const std::size_t taken =
        count > 0 ? static_cast<std::size_t>(count) : 0;  // what is wrong shows in flush()
    const std::size_t waited = parts[0].iov_len;
    if (taken < waited) {
      written += taken;
      output.append(data);
      return;
    }
    written = 0;
    output.assign(data.substr(taken - waited));
  }

  // The Poller tells when: it watches for both.
  void wait_writable(std::string& bytes) {
    if (written > 0) {
      bytes.erase(0, written);
      written = 0;
    }
    waiting_to_write = was_blocked = true;
  }

  void fail(boost::system::error_code error) {
    if (std::exchange(broken, true) || !events) return;
    events->on_broken(error);
  }

  boost::asio::io_context& io;
  int socket;
  StreamEvents* events;  // nullptr once the Stream is gone; events that still come do nothing
  std::vector<char> buffer;
  std::size_t begin = 0, end = 0;  // unread bytes in buffer
  std::size_t buffer_max;
  std::string output;
  security::TlsSessionPtr tls;  // none: plain
  std::string sealed;           // output, encrypted
  std::size_t written = 0;      // of what goes to the kernel: sealed with TLS, else output
  bool wanted = false, eof = false, eof_reported = false;
  bool filled = false;    // the last read took all there was room for
  bool readable = false;  // the kernel may have bytes for us
  bool ending = false;    // and an end, or an error, behind them
  bool pumping = false, pump_posted = false, report_posted = false;
  bool waiting_to_write = false, was_blocked = false, end_when_written = false, broken = false;
  bool write_failed = false;
};

Stream::Stream(Socket socket, StreamEvents& events, std::size_t buffer_max, security::TlsSessionPtr tls)
    : state_(std::make_shared<State>(std::move(socket), events, buffer_max, std::move(tls))) {
  if (state_->tls) state_->flush();  // the side that dials speaks first
}

Stream::Stream(Stream&& from, StreamEvents& events, std::size_t buffer_max) : state_(std::move(from.state_)) {
  state_->events = &events;
  state_->buffer_max = buffer_max;
  state_->wanted = false;
}

Stream::~Stream() {
  if (!state_) return;
  state_->events = nullptr;
  state_->close();
}

void Stream::read() {
  const bool was_reading = std::exchange(state_->wanted, true);
  // Bytes may have come in, or been fed, while nobody wanted them. The owner expects news from a fresh stack
  // only.
  const bool news = !was_reading && (state_->unread() > 0 || (state_->eof && !state_->eof_reported));
  if (news || (state_->may_read() && !state_->pumping)) state_->pump_later(news);
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
  if (state_->tls) {
    state_->tls->receive(bytes);
    state_->readable = true;  // what these bytes lead to is not the kernel's to tell
    return state_->flush();
  }
  state_->buffer.insert(state_->buffer.begin() + static_cast<std::ptrdiff_t>(state_->begin), bytes.begin(),
                        bytes.end());
  state_->end += bytes.size();
}

void Stream::secure(security::TlsSessionPtr tls) {
  const std::string ciphertext(buffered());
  consume(ciphertext.size());
  state_->tls = std::move(tls);
  feed(ciphertext);
}

std::string& Stream::out() {
  return state_->output;
}
std::size_t Stream::backlog() const {
  return state_->output.size() + state_->sealed.size() - state_->written;
}
void Stream::flush() {
  state_->flush();
}

void Stream::send_through(std::string_view data) {
  state_->send_through(data);
}

void Stream::end_output() {
  state_->end_when_written = true;
  state_->flush();
}

void Stream::abort() {
  const linger now{1, 0};
  ::setsockopt(state_->socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  state_->events = nullptr;
  state_->broken = true;
  state_->close();
}

bool Stream::half_closed() const {
  return state_->eof;
}

const security::TlsSession* Stream::tls() const {
  return state_->tls.get();
}

bool Stream::handshaking() const {
  return state_->tls && state_->tls->state() == security::TlsSession::State::handshake;
}

Stream::Released Stream::release() {
  const auto state = std::exchange(state_, nullptr);
  state->events = nullptr;
  Released released{std::exchange(state->socket, -1), std::move(state->tls),
                    std::string(state->buffer.data() + state->begin, state->unread())};
  Poller::of(state->io).release(released.fd, state);
  return released;
}

}  // namespace ringside::net
