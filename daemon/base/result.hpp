// Result<T>: a value or an error_code. boost::system::result of Boost 1.81 is not [[nodiscard]]; this is.
#pragma once

#include <boost/system/result.hpp>
#include <type_traits>
#include <utility>

#include "daemon/base/error.hpp"

namespace ringside {

template <class T, class E = boost::system::error_code>
class [[nodiscard]] Result : public boost::system::result<T, E> {
 public:
  using Base = boost::system::result<T, E>;
  using Base::Base;

  // Boost leaves an error out when T could be *constructed* from it, which C++20 says of every aggregate
  // whose first member fits (Address from a sentence). What converts to E only is an error.
  template <class A>
    requires(std::is_convertible_v<A, E> && !std::is_convertible_v<A, T>)
  Result(A&& error) : Base(Base::in_place_error, std::forward<A>(error)) {}
};

}  // namespace ringside
