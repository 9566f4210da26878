#include "daemon/security/tls_error.hpp"

#include <string>

namespace ringside::security {
namespace {

// Boost's base has a protected destructor and a friend; categories are never destroyed through it.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class Category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "tls"; }
  std::string message(int value) const override {
    switch (static_cast<TlsErrc>(value)) {
      case TlsErrc::not_tls:
        return "the other side does not speak TLS; give it the same security.cluster_key_file, or let this "
               "member dial plain with security.tls.plain: dial while the cluster moves";
      case TlsErrc::closed:
        return "the other side hung up within the TLS handshake; its log says why, and if it has no "
               "security.cluster_key_file it speaks no TLS";
      case TlsErrc::refused:
        return "the other side refused this member's cluster key or certificate; its log says why, both need "
               "the same security.cluster_key_file (or security.tls.ca)";
      case TlsErrc::unknown_key:
        return "the other side uses a cluster key that this member does not have; give both the same "
               "security.cluster_key_file";
      case TlsErrc::unverified:
        return "the other side has not proved that it belongs to the cluster; both need the same "
               "security.cluster_key_file, or certificates of the same security.tls.ca that are valid now";
      case TlsErrc::untrusted: return "the server's certificate is not good here";
      case TlsErrc::wrong_name:
        return "the certificate of the other side is another member's; its names must hold its node.name";
      case TlsErrc::oneself: return "the other side is this member itself";
      case TlsErrc::no_protocol: return "the other side speaks none of ringside's protocols inside TLS";
      case TlsErrc::too_slow: return "the TLS handshake was not over in time";
      case TlsErrc::broken: return "the other side sent what does not belong to the TLS connection";
    }
    return "unknown error";
  }
};
#pragma GCC diagnostic pop

}  // namespace

const boost::system::error_category& tls_category() noexcept {
  static const Category category;
  return category;
}

boost::system::error_code make_error_code(TlsErrc code) noexcept {
  return {static_cast<int>(code), tls_category()};
}

}  // namespace ringside::security
