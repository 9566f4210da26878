// Domain errors of ringside, carried as Result<T>. Errors of the operating system stay the error_code that
// Asio gave.
#pragma once

#include <boost/system/error_code.hpp>

namespace ringside {

enum class Errc {
  timed_out = 1,    // no answer before the deadline
  refused,          // nobody listens at the address
  connection_lost,  // the connection ended with the call open
  remote_error,     // the other side answered with an error frame
  bad_message,      // bytes that do not parse
  cancelled,        // given up by ourselves
  too_large,        // over a limit of daemon/base/limits.hpp
};

const boost::system::error_category& ringside_category() noexcept;
boost::system::error_code make_error_code(Errc) noexcept;

}  // namespace ringside

template <>
struct boost::system::is_error_code_enum<ringside::Errc> : std::true_type {};
