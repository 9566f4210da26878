// TLS 1.3 between members, as values: a Tls is what this process proves itself with, a TlsSession one
// connection. No socket, no clock: bytes of the wire in and out, plaintext in and out (OpenSSL on memory
// BIOs). A Tls never changes and may be shared by threads; a session belongs to one thread at a time and can
// be handed to another.
//
// With cluster keys both ends prove that they know one of them (external PSK with ephemeral Diffie-Hellman,
// RFC 8446 2.2); nothing else counts, no certificate is accepted. With certificates both ends show one that
// the cluster's CA has signed. Nothing of the plaintext is given out before the other side has proved itself.
//
// The same values serve HTTP to clients (listen.tls) and ask it of such a server: there the server alone
// shows a certificate, and TLS 1.2 will do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/limits.hpp"
#include "daemon/base/result.hpp"
#include "daemon/security/cluster_key.hpp"
#include "daemon/security/tls_error.hpp"

namespace ringside::security {

inline constexpr char handshake_record = 0x16;  // what a TLS connection begins with (RFC 8446 5.1)

// What is spoken inside, agreed on in the handshake (ALPN, RFC 7301), so that nothing has to be guessed after
// it.
enum class Protocol : std::uint8_t {
  http2,   // "h2": forwarded requests
  gossip,  // "ringside-tchannel"
  calls,   // "ringside-calls": TChannel too, relayed calls
};

class TlsSession {
 public:
  enum class State : std::uint8_t {
    handshake,
    open,
    ended,   // the other side has said that nothing more comes (close_notify)
    failed,  // error() says why; take_output() may still have an alert for the other side
  };
  struct Impl;  // of tls.cpp
  explicit TlsSession(std::unique_ptr<Impl>);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // Bytes from the wire, cut anywhere. What they lead to shows in state(), read() and take_output().
  void receive(std::string_view ciphertext);
  // Up to `room` bytes of plaintext; 0: there is none now.
  [[nodiscard]] std::size_t read(char* to, std::size_t room);
  void write(std::string_view plaintext);  // only while open
  void end();                              // close_notify, when the last plaintext has been written
  // Appends what is to be sent to the other side: begin with this on the side that dials.
  void take_output(std::string& ciphertext);

  [[nodiscard]] State state() const noexcept;
  [[nodiscard]] boost::system::error_code error() const noexcept;
  // The same with what is known beyond it: "...; its key id is 1a2b3c4d". For the log.
  [[nodiscard]] std::string why() const;
  [[nodiscard]] Protocol protocol() const noexcept;  // between members, once it is open
  // The names in the other side's certificate, once it is open; empty with cluster keys.
  [[nodiscard]] const std::vector<std::string>& peer_names() const noexcept;

 private:
  std::unique_ptr<Impl> impl_;
};
using TlsSessionPtr = std::unique_ptr<TlsSession>;

struct CertificateFiles {  // PEM texts, and what to call their files
  std::string ca, cert, key;
  std::string ca_file, cert_file, key_file;
};

class Tls;
using TlsPtr = std::shared_ptr<const Tls>;

class Tls : public std::enable_shared_from_this<Tls> {
 public:
  struct Options {
    // Records of 16 KiB or less under one key before it is renewed (RFC 8446 5.5).
    std::uint64_t records_per_key = limits::tls_records_per_key;
  };
  struct Impl;  // of tls.cpp
  // At least one key.
  [[nodiscard]] static TlsPtr with_keys(ClusterKeys, const Options&);
  [[nodiscard]] static TlsPtr with_keys(ClusterKeys keys) { return with_keys(std::move(keys), Options()); }
  // The certificate must be signed by the CA and hold `name`, this member's, among its DNS names. The error
  // is one sentence with file, cause and remedy.
  [[nodiscard]] static Result<TlsPtr, std::string> with_certificates(const CertificateFiles&,
                                                                     const std::string& name);
  // Only to accept: clients of HTTP, who need not prove anything. Without `ca`. The error is one sentence.
  [[nodiscard]] static Result<TlsPtr, std::string> for_clients(const CertificateFiles&);
  // Only for dial_server(): authorities in PEM, and what to call their file; empty: those of this machine.
  [[nodiscard]] static Result<TlsPtr, std::string> of_client(const std::string& ca,
                                                             const std::string& ca_file);
  explicit Tls(std::unique_ptr<Impl>);
  ~Tls();
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;

  // `name`: of the member that is dialled, if it is known; with certificates the other side must show it.
  [[nodiscard]] TlsSessionPtr dial(Protocol, const std::string& name = {}) const;
  // To a server of HTTP, whose certificate must be for this name or IP address.
  [[nodiscard]] TlsSessionPtr dial_server(const std::string& host) const;
  [[nodiscard]] TlsSessionPtr accept() const;

 private:
  std::unique_ptr<Impl> impl_;
};

// How members talk to each other. Without `tls` all connections are plain.
struct PeerSecurity {
  TlsPtr tls;
  bool takes_plain = true;  // on the peer port
  bool dials_plain = true;
  [[nodiscard]] const Tls* dials_with() const noexcept { return dials_plain ? nullptr : tls.get(); }
};

}  // namespace ringside::security
