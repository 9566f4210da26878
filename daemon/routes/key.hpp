// A key template: text with parts of the request in braces, put together to the key of the request.
//
//   user:{id}                  the path's variable, percent-decoded
//   tenant-{header:X-Tenant}   a header field, as it is ({header:Host}: the host asked for, in lower case)
//   {query:user}               a parameter of the query, decoded as forms are: %XX, and + for a space
//   {cookie:session}           a cookie, as it is
//
// A part that is not there leaves the request without a key; one that is there and empty, or there several
// times with different values, makes it a bad request: nobody can know which one the app goes by.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.hpp"
#include "daemon/routes/header_key.hpp"
#include "daemon/routes/path.hpp"
#include "proto/http/message.hpp"

namespace ringside::routes {

class Key {
 public:
  // The error is one sentence. `path` is the route's, whose variables may be named.
  [[nodiscard]] static Result<Key, std::string> parse(std::string_view text, const Path& path);

  // Puts the key into `out`. Found::no: `out` is what is missing ("query parameter user"); Found::bad: what
  // is wrong, in one sentence.
  Found make(const http::RequestHead&, const Values&, std::string& out) const;

 private:
  enum class Source : std::uint8_t { text, variable, header, header_key, host, query, cookie };
  struct Part {
    Source source = Source::text;
    std::string text;          // or the name of the field, parameter or cookie
    std::size_t variable = 0;  // its place among the values
  };
  static Result<Part, std::string> parse_part(std::string_view inside, const Path& path);
  static Found add(const Part&, const http::RequestHead&, const Values&, std::string& key, std::string& why);
  static std::string name_of(const Part&);
  std::vector<Part> parts_;
};

}  // namespace ringside::routes
