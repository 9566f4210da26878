// One HTTP request over its own connection, blocking, with a deadline: all that the verbs need. The bytes are
// read and written by proto/http1.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/address.hpp"
#include "daemon/base/result.hpp"
#include "daemon/base/time.hpp"
#include "daemon/cli/socket.hpp"

namespace ringside::cli {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "GET";
  std::string target = "/";
  Fields fields;
  std::string body;
  bool has_body = false;
  bool keep_alive = false;  // for whoever reads the answers himself
};

struct HttpResponse {
  int status = 0;
  std::string reason;
  Fields fields;
  std::string body;                                              // empty when it went to a sink
  [[nodiscard]] std::string field(std::string_view name) const;  // "" when it is not there; any case
};

struct Failure {
  enum class Kind {
    unreachable,  // no such host, nobody listens, no such socket
    timed_out,
    broken,  // it ended early, or it is not HTTP
  };
  Kind kind;
  std::string text;  // one sentence: what, at which address, and what to do
};

// `head` is called with the final head, then `body` with each piece as it comes. Without a sink the body is
// collected.
// Who has enough of a body, or until a time only, says so: it then ends well where it is.
struct Sink {
  std::function<void(const HttpResponse&)> head{};
  std::function<void(std::string_view)> body{};
  std::function<bool()> over{};  // asked after each piece, and at `end`
  Instant end = never;
};

// The request as bytes.
[[nodiscard]] std::string serialize(const Address&, const HttpRequest&);

// `timeout` runs from the start to the response head, and then anew for each piece of the body.
[[nodiscard]] Result<HttpResponse, Failure> fetch(const Endpoint&, const HttpRequest&, Millis timeout,
                                                  const Sink& = {});

}  // namespace ringside::cli
