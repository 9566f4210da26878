// Whatever way a head came in, it goes on in HTTP/1 to most apps: there it must be one message, which reads
// back as what was written.
#pragma once

#include "proto/http/message.hpp"

namespace ringside::fuzz {

// As it would be written to an HTTP/1 app. Fields of one connection are taken out, as they are on the way.
void check_carried(http::RequestHead);
void check_carried(http::ResponseHead);
void check_carried(const http::Trailers&);

}  // namespace ringside::fuzz
