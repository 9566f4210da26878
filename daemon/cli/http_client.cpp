#include "daemon/cli/http_client.hpp"

#include <algorithm>

#include "daemon/base/limits.hpp"
#include "daemon/base/text.hpp"
#include "proto/http1/parser.hpp"
#include "proto/http1/writer.hpp"

namespace ringside::cli {
namespace {

constexpr std::string_view other_address =
    "start one with `ringside agent`, or name another with --addr or RINGSIDE_ADDR";

Failure late(const Address& at, Millis timeout) {
  return {Failure::Kind::timed_out, at.to_string() + " did not answer within " + print_duration(timeout) +
                                        "; give it more time with --timeout, or look into its log"};
}

Failure broken(const Address& at, std::string_view how) {
  return {Failure::Kind::broken, "what listens at " + at.to_string() + " " + std::string(how) +
                                     "; is that the API of a ringside? name it with --addr or RINGSIDE_ADDR"};
}

Failure not_dialled(const Address& at, const boost::system::error_code& error, const std::string& why,
                    Millis timeout) {
  if (error == Errc::timed_out) return late(at, timeout);
  std::string what;
  if (error == security::TlsErrc::untrusted)
    return {
        Failure::Kind::unreachable,
        at.to_string() + ": " + why +
            "; name the authority that has signed it with --ca-file or RINGSIDE_CA_FILE, and the server by "
            "a name in it"};
  if (error.category() == security::tls_category())
    return {Failure::Kind::unreachable, "no TLS is spoken at " + at.host + ":" + std::to_string(at.port) +
                                            "; is it http://, or the port of another listener?"};
  switch (error.value()) {
    case ECONNREFUSED: what = "nothing listens at " + at.to_string() + "; is the daemon running? "; break;
    case ENOENT: what = "there is no socket " + at.unix_path + "; is the daemon running? "; break;
    case EACCES:
      return {Failure::Kind::unreachable,
              "the socket " + at.unix_path +
                  " may not be opened by this user; join its group or use another address"};
    case EHOSTUNREACH:
      return {Failure::Kind::unreachable,
              "the host " + at.host + " is not known or not reachable; correct --addr or RINGSIDE_ADDR"};
    default: what = at.to_string() + " cannot be reached (" + error.message() + "); ";
  }
  return {Failure::Kind::unreachable, what + std::string(other_address)};
}

HttpResponse copy(const http::ResponseHead& head) {
  HttpResponse response;
  response.status = head.status;
  response.reason = head.reason;
  for (const auto& field : head.fields) response.fields.emplace_back(field.name, field.value);
  return response;
}

// Reads one answer off a socket.
class Exchange {
 public:
  Exchange(Socket& socket, const Address& at, Millis timeout) : socket_(socket), at_(at), timeout_(timeout) {}

  Result<HttpResponse, Failure> head(bool to_head, Instant deadline) {
    http1::ResponseParser parser;
    for (int interim = 0; interim <= limits::interim_replies;) {
      const auto step = parser.next(buffer_, to_head);
      if (const auto* refusal = std::get_if<http1::Refusal>(&step))
        return broken(at_, "does not answer in HTTP (" + std::string(refusal->reason) + ")");
      if (const auto* complete = std::get_if<http1::Complete<http::ResponseHead>>(&step)) {
        HttpResponse response = copy(*complete->head);
        framing_ = complete->head->framing;
        buffer_.erase(0, complete->length);
        if (response.status >= 200) return response;
        ++interim;
      } else if (auto failure = more(deadline)) {
        return *failure;
      }
    }
    return broken(at_, "sends one interim answer after the other");
  }

  std::optional<Failure> body(const std::function<void(std::string_view)>& sink,
                              const std::function<bool()>& over, Instant end) {
    http1::BodyReader reader(framing_);
    while (!reader.finished()) {
      const auto step = reader.next(buffer_);
      if (const auto* refusal = std::get_if<http1::Refusal>(&step))
        return broken(at_, "sends a malformed body (" + std::string(refusal->reason) + ")");
      const auto& piece = std::get<http1::BodyReader::Piece>(step);
      if (!piece.data.empty()) sink(piece.data);
      if (piece.finished) break;
      buffer_.erase(0, piece.consumed);
      if (over && over()) break;
      if (piece.consumed > 0) continue;
      if (auto failure = more(std::min(end, Clock::now() + timeout_))) {
        if ((ended_ && reader.at_eof()) || (over && over())) break;
        return failure;
      }
    }
    return std::nullopt;
  }

 private:
  std::optional<Failure> more(Instant deadline) {
    const auto count = socket_.read(buffer_, deadline);
    if (count && *count > 0) return std::nullopt;
    ended_ = count.has_value();
    if (!count && count.error() == Errc::timed_out) return late(at_, timeout_);
    return broken(at_, "closed the connection before the answer was complete");
  }

  Socket& socket_;
  const Address& at_;
  Millis timeout_;
  std::string buffer_;
  http::Framing framing_;
  bool ended_ = false;
};

}  // namespace

std::string serialize(const Address& at, const HttpRequest& request) {
  http::RequestHead head;
  head.method = request.method;
  head.target = request.target;
  Address shown = at;
  shown.unix_path.clear();
  shown.tls = false;
  const std::string authority = at.is_unix() ? "localhost" : shown.to_string();
  head.authority = authority;
  for (const auto& [name, value] : request.fields) head.fields.push_back({name, value});
  if (request.has_body) head.framing = {http::BodyKind::length, request.body.size()};
  head.keep_alive = request.keep_alive;
  std::string out;
  http1::write(out, head);
  return out + request.body;
}

std::string HttpResponse::field(std::string_view name) const {
  for (const auto& [key, value] : fields)
    if (http::equals_ignore_case(key, name)) return value;
  return {};
}

Result<HttpResponse, Failure> fetch(const Endpoint& endpoint, const HttpRequest& request, Millis timeout,
                                    const Sink& sink) {
  const Address& at = endpoint.address;
  const Instant deadline = Clock::now() + timeout;
  std::string why;
  auto socket = Socket::dial(endpoint, deadline, why);
  if (!socket) return not_dialled(at, socket.error(), why, timeout);
  // A server may answer and close before it has read a body that it refuses; then the answer counts.
  const auto written = socket->write(serialize(at, request), deadline);
  if (!written && written.error() == Errc::timed_out) return late(at, timeout);

  Exchange exchange(*socket, at, timeout);
  auto response = exchange.head(request.method == "HEAD", deadline);
  if (!response) return response;
  if (sink.head) sink.head(*response);
  const auto take = [&](std::string_view piece) {
    if (sink.body)
      sink.body(piece);
    else
      response->body += piece;
  };
  const auto failure = exchange.body(take, sink.over, sink.end);
  if (failure) return *failure;
  return response;
}

}  // namespace ringside::cli
