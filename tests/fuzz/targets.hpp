// The fuzz targets by name. Each takes any bytes (input.hpp says how they are read) and throws a Finding,
// crashes or is stopped by a sanitizer when the code does what it must not.
#pragma once

#include <array>
#include <string_view>

#include "tests/fuzz/input.hpp"

namespace ringside::fuzz {

void canary(const Input&);  // fails on purpose: proves that what runs the others would tell

void http1_request(const Input&);
void http1_response(const Input&);
void http1_body(const Input&);
void http1_agree_request(const Input&);
void http1_agree_response(const Input&);
void http2_server(const Input&);
void http2_client(const Input&);
void tchannel_frames(const Input&);
void tchannel_calls(const Input&);
void gossip(const Input&);
void proxy(const Input&);
void proxy_protocol(const Input&);
void websocket(const Input&);
void api(const Input&);
void config(const Input&);
void routes(const Input&);

struct Target {
  std::string_view name;
  void (*run)(const Input&);
};

inline constexpr std::array targets{
    Target{"http1_request", http1_request},
    Target{"http1_response", http1_response},
    Target{"http1_body", http1_body},
    Target{"http1_agree_request", http1_agree_request},
    Target{"http1_agree_response", http1_agree_response},
    Target{"http2_server", http2_server},
    Target{"http2_client", http2_client},
    Target{"tchannel_frames", tchannel_frames},
    Target{"tchannel_calls", tchannel_calls},
    Target{"gossip", gossip},
    Target{"proxy", proxy},
    Target{"proxy_protocol", proxy_protocol},
    Target{"websocket", websocket},
    Target{"api", api},
    Target{"config", config},
    Target{"routes", routes},
};

}  // namespace ringside::fuzz
