# The image engine is a program of its own, which setup/image_engine.sh builds. The parts of it that read strangers'
# bytes are built here a second time, without the library that draws, so that their tests and fuzz targets run under the
# sanitizers.
set(folder ${CMAKE_SOURCE_DIR}/image_engine)
add_library(eai_image_engine STATIC ${folder}/job.cc ${folder}/options.cc ${folder}/picture.cc)
target_include_directories(eai_image_engine PUBLIC ${CMAKE_SOURCE_DIR})
target_compile_definitions(eai_image_engine PRIVATE EAI_IMAGE_ENGINE_VERSION="test")
target_link_libraries(eai_image_engine PUBLIC eai_util PRIVATE CLI11::CLI11 PNG::PNG PkgConfig::TURBOJPEG
                                                               PkgConfig::WEBP ZLIB::ZLIB eai_flags)

file(GLOB tests CONFIGURE_DEPENDS ${folder}/*_test.cc)
add_executable(image_engine_test ${tests})
target_link_libraries(image_engine_test PRIVATE eai_image_engine eai_flags PNG::PNG GTest::gtest_main)
add_test(NAME unit.image_engine COMMAND image_engine_test)
set_tests_properties(unit.image_engine PROPERTIES TIMEOUT 300 LABELS unit)
