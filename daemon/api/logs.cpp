// GET /v1/logs: the last lines of the log, and with ?follow=true those that come.
#include "daemon/api/reads.hpp"
#include "daemon/base/limits.hpp"
#include "daemon/obs/log_tap.hpp"

namespace ringside::api {

Response logs_page(const Call& call) {
  const std::string_view word = call.query.get("level").value_or("info");
  const auto level = obs::parse_level(word);
  if (!level)
    return problem(Code::bad_request,
                   "level is trace, debug, info, warn or error, not '" + std::string(word) + "'");
  const std::string_view follow = call.query.get("follow").value_or("false");
  if (follow != "true" && follow != "false")
    return problem(Code::bad_request, "follow is true or false, not '" + std::string(follow) + "'");
  Response response;
  response.content_type = obs::log_content_type();
  response.headers.emplace_back("Cache-Control", "no-store");
  if (follow == "false") {
    if (call.context.recent_log != nullptr) response.body = call.context.recent_log(*level);
    if (response.body.empty()) response.body = "\n";  // an answer with a type has a body
    return response;
  }
  if (call.context.logs_full)
    return no_room(Later::logs, std::to_string(limits::log_streams) +
                                    " readers of the log are open on this worker, which is all it takes");
  response.later = Later::logs;
  response.log_level = *level;
  return response;
}

}  // namespace ringside::api
