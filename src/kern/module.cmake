# The cases belong to the table's test and its benchmark, not to the library.
get_target_property(of_library mr_kern SOURCES)
list(FILTER of_library EXCLUDE REGEX "/kern/cases/")
set_property(TARGET mr_kern PROPERTY SOURCES ${of_library})
file(GLOB cases CONFIGURE_DEPENDS ${dir}/cases/*.cpp)
list(APPEND tests ${cases})
list(APPEND benches ${cases})
