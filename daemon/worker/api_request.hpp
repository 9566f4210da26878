// A request for the API itself, from a connection of either kind: gathered whole, then answered from the
// view.
#pragma once

#include <string>
#include <string_view>

#include "daemon/api/api.hpp"
#include "daemon/worker/context.hpp"
#include "proto/http/message.hpp"

namespace ringside::worker {

class ApiRequest {
 public:
  // Both false when the body is, or is going to be, over limits::api_body_bytes.
  [[nodiscard]] bool begin(const http::RequestHead&);
  [[nodiscard]] bool add(std::string_view body);
  // What has come of an answer that left something for later.
  struct Since {
    bool waited = false;
    const api::Stats* stats = nullptr;
  };
  [[nodiscard]] api::Response answer(const Context&, const Since&) const;

 private:
  std::string method_, target_, body_, last_event_id_;
};

// The answer is a stream: one to HEAD has no body, and so is whole.
[[nodiscard]] inline bool has_no_end(api::Later later) {
  return later == api::Later::stream || later == api::Later::logs;
}

// What a client gets whose API body is too large.
[[nodiscard]] api::Problem api_body_too_large();

// The head of an answer of our own; its views are in the response. No body follows when there is none.
[[nodiscard]] http::ResponseHead head_of(const api::Response&);
class Inbound;
// An answer of our own, all of it. `to_head`: without its body.
void send_whole(Inbound&, const api::Response&, bool to_head);

}  // namespace ringside::worker
