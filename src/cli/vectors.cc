#include "cli/vectors.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>

#include <boost/json.hpp>

#include "util/base64.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

Failure unreadable(std::string_view why) {
  return fail(Code::network, "the server's vectors cannot be read: " + std::string(why));
}

// IEEE 754 numbers of 32 bits, the least byte first.
Result<Vector> decoded(std::string_view base64) {
  const auto bytes = from_base64(base64);
  if (!bytes || bytes->empty() || bytes->size() % 4 != 0) return unreadable("one is not base64 of whole numbers");
  Vector out;
  out.reserve(bytes->size() / 4);
  for (std::size_t at = 0; at < bytes->size(); at += 4) {
    std::uint32_t bits = 0;
    for (std::size_t i = 4; i-- > 0;) bits = bits << 8 | static_cast<unsigned char>((*bytes)[at + i]);
    out.push_back(std::bit_cast<float>(bits));
    if (!std::isfinite(out.back())) return unreadable("one has a number that is none");
  }
  return out;
}

}  // namespace

Result<std::vector<Vector>> vectors_of(const json::object& answer, std::size_t count) {
  const json::value* data = answer.if_contains("data");
  if (data == nullptr || !data->is_array()) return unreadable("there is no list of them");
  if (data->get_array().size() != count) return unreadable("there are not as many as texts");
  std::vector<Vector> out(count);
  for (const json::value& item : data->get_array()) {
    const json::object* one = item.if_object();
    const json::value* index = one == nullptr ? nullptr : one->if_contains("index");
    const json::value* vector = one == nullptr ? nullptr : one->if_contains("embedding");
    if (index == nullptr || !index->is_int64() || vector == nullptr || !vector->is_string())
      return unreadable("one has no number or no content");
    const auto at = static_cast<std::uint64_t>(index->get_int64());
    if (at >= count || !out[at].empty()) return unreadable("two have the same number");
    EAI_TRY(out[at], decoded(vector->get_string()));
  }
  for (const Vector& vector : out)
    if (vector.size() != out.front().size()) return unreadable("they have several lengths");
  return out;
}

double cosine_of(const Vector& a, const Vector& b) {
  double product = 0, length_a = 0, length_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
    product += x * y;
    length_a += x * x;
    length_b += y * y;
  }
  const double length = std::sqrt(length_a) * std::sqrt(length_b);
  return length > 0 ? product / length : 0;
}

json::array numbers_of(const Vector& vector) {
  json::array out;
  out.reserve(vector.size());
  for (const float number : vector) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    double shortest = 0;
    std::from_chars(text.data(), end, shortest);
    out.emplace_back(shortest);
  }
  return out;
}

}  // namespace eai::cli
