// Why a TLS connection failed, as an error_code: its message is one sentence with the cause and the remedy.
#pragma once

#include <boost/system/error_code.hpp>

namespace ringside::security {

enum class TlsErrc {
  not_tls = 1,  // the other side speaks no TLS
  closed,       // it hung up within the handshake
  refused,      // it refused us
  unknown_key,  // its cluster key is none of ours
  unverified,   // it has not shown that it knows our key, or its certificate is not good here
  untrusted,    // a server of HTTP whose certificate is not good here
  wrong_name,   // its certificate is another member's
  oneself,      // we have reached ourselves
  no_protocol,  // it wants none of what we speak inside
  too_slow,     // the handshake took longer than limits::tls_handshake_time
  broken,       // bytes that do not decrypt, or are no TLS any more
};

const boost::system::error_category& tls_category() noexcept;
boost::system::error_code make_error_code(TlsErrc) noexcept;

}  // namespace ringside::security

template <>
struct boost::system::is_error_code_enum<ringside::security::TlsErrc> : std::true_type {};
