// One connected socket with its buffers. Reads ahead into one contiguous buffer that is parsed in place; what
// is appended to out() goes out with flush(), as much at once as the kernel takes, the rest when it can.
//
// With a TlsSession all of that is plaintext: the handshake goes on by itself, what is written waits for it,
// and nothing is reported before the other side has proved itself. Without one nothing is done for TLS.
//
// The owner is told through StreamEvents and may destroy the Stream from inside any of them. One thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "daemon/net/listener.hpp"
#include "daemon/security/tls.hpp"

namespace ringside::net {

class StreamEvents {
 public:
  virtual void on_bytes() = 0;    // buffered() has grown
  virtual void on_eof() = 0;      // the other side has ended its half; what is buffered is all there is
  virtual void on_drained() = 0;  // output that had to wait has been written
  virtual void on_broken(boost::system::error_code) = 0;  // nothing can be read or written any more
  virtual void on_secured() {}                            // the TLS handshake is over

 protected:
  ~StreamEvents() = default;
};

class Stream {
 public:
  // Takes a connected, non-blocking socket. `buffer_max`: reading stops while that much is unconsumed.
  // `tls`: a fresh session, or none for a plain connection.
  Stream(Socket, StreamEvents&, std::size_t buffer_max, security::TlsSessionPtr tls = nullptr);
  // The same connection for another owner, with what is buffered; nothing is reported before read().
  Stream(Stream&&, StreamEvents&, std::size_t buffer_max);
  ~Stream();  // closes at once
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Keep reading and reporting, until pause(). Reading also stops while the buffer is full: after consuming
  // outside of on_bytes, call it again. Views into buffered() are good until then.
  void read();
  void pause();  // bytes stay in the kernel; the other side will feel it
  [[nodiscard]] bool reading() const;

  [[nodiscard]] std::string_view buffered() const;
  void consume(std::size_t bytes);
  // Puts bytes of the socket that somebody else has read already in front of what will be read.
  void feed(std::string_view bytes);
  // Of a plain connection: from here on it is TLS, and what is buffered belongs to its handshake.
  void secure(security::TlsSessionPtr);

  [[nodiscard]] std::string& out();  // append here, then flush()
  [[nodiscard]] std::size_t backlog() const;
  void flush();
  // Sends `data` behind what is waiting; only what the kernel does not take is copied. For long pieces. What
  // is wrong with the connection shows in flush(), which is to follow.
  void send_through(std::string_view data);
  void end_output();                       // FIN when everything has been written
  void abort();                            // RST: the other side must not take what it has for complete
  [[nodiscard]] bool half_closed() const;  // what is buffered is all there will be

  [[nodiscard]] const security::TlsSession* tls() const;  // nullptr: plain
  [[nodiscard]] bool handshaking() const;                 // nothing of the owner's has left yet
  // The connection for another thread, with what is buffered; this Stream is at its end. The receiver owns
  // fd.
  struct Released {
    int fd = -1;
    security::TlsSessionPtr tls;
    std::string bytes;
  };
  [[nodiscard]] Released release();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ringside::net
