// Result<T>: a value or an error_code. boost::system::result of Boost 1.81 is not [[nodiscard]]; this is.
#pragma once

#include <boost/system/result.hpp>
#include <utility>

#include "daemon/base/error.hpp"

namespace ringside {

template <class T, class E = boost::system::error_code>
class [[nodiscard]] Result : public boost::system::result<T, E> {
 public:
  using boost::system::result<T, E>::result;
};

}  // namespace ringside
