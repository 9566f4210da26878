// Asking a node's API, and what to tell the user when that fails.
#pragma once

#include <string>
#include <string_view>

#include "daemon/base/address.hpp"
#include "daemon/cli/http_client.hpp"
#include "daemon/cli/verb.hpp"

namespace ringside::cli {

// Also takes http://host:port/, https://host:port/ and unix:///path.
[[nodiscard]] Result<Address, std::string> parse_api_address(std::string_view text);
// The same as it is dialled: at https:// the server has to show a certificate of --ca-file, else of
// RINGSIDE_CA_FILE, else of an authority that this machine trusts.
[[nodiscard]] Result<Endpoint, std::string> api_endpoint(const Terminal&, const Arguments&,
                                                         std::string_view text);
// --addr, else RINGSIDE_ADDR, else 127.0.0.1:7600.
[[nodiscard]] Result<Endpoint, std::string> api_address(const Terminal&, const Arguments&);

// A GET with the token that was given, if any: not as Authorization, which a request for the app may have.
[[nodiscard]] HttpRequest request_for(const Terminal&, const std::string& path);
// Reads the file of --token-file, else of RINGSIDE_API_TOKEN_FILE. The error is one sentence; what only the
// variable names is left out where it cannot be read, and the user told.
[[nodiscard]] Result<void, std::string> load_token(Terminal&, const Arguments&);

// GETs a path and gives the body of a 200, or of a 207, where not every member has answered. Anything else is
// told on stderr and comes back as the exit code.
[[nodiscard]] Result<std::string, Exit> ask(Terminal&, const Arguments&, const std::string& path);
[[nodiscard]] Result<std::string, Exit> ask(Terminal&, const Endpoint&, const std::string& path);
// The same for a request that is no GET.
[[nodiscard]] Result<std::string, Exit> ask(Terminal&, const Endpoint&, const HttpRequest&);

// The same for a request that changes something; any 2xx is good.
[[nodiscard]] Result<std::string, Exit> tell(Terminal&, const Endpoint&, std::string method,
                                             const std::string& path, std::string json_body = {});
[[nodiscard]] Result<std::string, Exit> tell(Terminal&, const Arguments&, std::string method,
                                             const std::string& path, std::string json_body = {});

[[nodiscard]] Exit exit_of(const Failure&);
// A problem of the API as one line, "no_owner: the ring is empty. Start ..."; other answers by their status.
[[nodiscard]] std::string problem_text(const HttpResponse&);

inline constexpr Millis ask_timeout{10'000};

}  // namespace ringside::cli
