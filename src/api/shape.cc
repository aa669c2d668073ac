#include "api/shape.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include <boost/json.hpp>

namespace eai::api {
namespace {

namespace json = boost::json;

constexpr std::uint64_t k_start = 0xcbf29ce484222325;  // FNV-1a, 64 bits
constexpr std::uint64_t k_prime = 0x100000001b3;

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t x = (a ^ std::rotl(b, 29)) * 0x9e3779b97f4a7c15;
  x ^= x >> 32;
  return x * k_prime;
}

std::uint64_t hash(std::string_view text) {
  std::uint64_t out = k_start;
  for (const char c : text) out = (out ^ static_cast<unsigned char>(c)) * k_prime;
  return out;
}

std::uint64_t digits(std::uint64_t number) { return static_cast<std::uint64_t>(std::bit_width(number)); }

std::uint64_t shape(const json::value& value);

std::uint64_t shape(const json::object& object) {
  std::uint64_t sum = 0;
  for (const auto& [key, member] : object) sum += mix(hash({key.data(), key.size()}), shape(member));
  return sum;
}

std::uint64_t shape(const json::value& value) {
  const auto kind = static_cast<std::uint64_t>(value.kind());
  switch (value.kind()) {
    case json::kind::object:
      return mix(kind, shape(value.get_object()));
    case json::kind::array: {
      std::uint64_t kinds = 0;  // one bit for each shape among the entries, or nearly so
      for (const json::value& entry : value.get_array()) kinds |= std::uint64_t{1} << (shape(entry) >> 58);
      return mix(mix(kind, digits(value.get_array().size())), kinds);
    }
    case json::kind::string:
      return mix(kind, digits(value.get_string().size()));
    case json::kind::int64: {
      const std::int64_t number = value.get_int64();
      const std::uint64_t size = number < 0 ? ~static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
      return mix(number < 0 ? kind + 100 : kind, digits(size));
    }
    case json::kind::uint64:
      return mix(kind, digits(value.get_uint64()));
    case json::kind::double_: {
      int exponent = 0;
      const double part = std::frexp(value.get_double(), &exponent);
      return mix(part < 0 ? kind + 100 : kind, static_cast<std::uint64_t>(exponent + 2000));
    }
    default:
      return mix(kind, 1);
  }
}

}  // namespace

std::uint64_t shape_of(std::string_view path, const json::object& body) {
  return std::max<std::uint64_t>(1, mix(hash(path), shape(body)));
}

std::uint64_t mark_of(std::string_view text) { return std::max<std::uint64_t>(1, hash(text)); }

}  // namespace eai::api
