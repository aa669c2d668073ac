#include "api/vectors.h"

#include <cmath>
#include <cstring>
#include <vector>

#include <boost/json.hpp>

#include "util/base64.h"

namespace eai::api {
namespace {

namespace json = boost::json;

Failure strange() { return fail(Code::network, "the engine's answer has no vectors"); }

Result<std::vector<float>> read_vector(const json::value& value) {
  std::vector<float> out;
  if (const json::array* numbers = value.if_array()) {
    out.reserve(numbers->size());
    for (const json::value& number : *numbers) {
      if (!number.is_number()) return strange();
      out.push_back(number.to_number<float>());
    }
    return out;
  }
  const json::string* text = value.if_string();
  if (text == nullptr) return strange();
  const auto bytes = from_base64({text->data(), text->size()});
  if (!bytes || bytes->size() % sizeof(float) != 0) return strange();
  out.resize(bytes->size() / sizeof(float));
  std::memcpy(out.data(), bytes->data(), bytes->size());
  return out;
}

Result<void> cut(std::vector<float>& vector, std::size_t dimensions) {
  if (vector.size() < dimensions) {
    return fail_about("dimensions", Code::invalid,
                      "the field 'dimensions' is " + std::to_string(dimensions) + ", and the model's vectors have " +
                          std::to_string(vector.size()));
  }
  vector.resize(dimensions);
  double sum = 0;
  for (const float x : vector) sum += static_cast<double>(x) * x;
  if (sum <= 0) return {};
  const double length = std::sqrt(sum);
  for (float& x : vector) x = static_cast<float>(x / length);
  return {};
}

}  // namespace

Result<std::string> cut_vectors(std::string_view answer, std::size_t dimensions) {
  json::error_code error;
  json::value parsed = json::parse({answer.data(), answer.size()}, error);
  json::object* whole = error ? nullptr : parsed.if_object();
  json::value* data = whole != nullptr ? whole->if_contains("data") : nullptr;
  if (data == nullptr || !data->is_array()) return strange();
  for (json::value& entry : data->get_array()) {
    json::object* object = entry.if_object();
    json::value* embedding = object != nullptr ? object->if_contains("embedding") : nullptr;
    if (embedding == nullptr) return strange();
    EAI_TRY(std::vector<float> vector, read_vector(*embedding));
    EAI_CHECK(cut(vector, dimensions));
    if (embedding->is_string()) {
      *embedding = to_base64({reinterpret_cast<const char*>(vector.data()), vector.size() * sizeof(float)});
    } else {
      json::array numbers;
      numbers.reserve(vector.size());
      for (const float x : vector) numbers.emplace_back(x);
      *embedding = std::move(numbers);
    }
  }
  return json::serialize(parsed);
}

}  // namespace eai::api
