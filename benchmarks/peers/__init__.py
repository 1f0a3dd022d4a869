"""The same work in other libraries, written as a competent user of each would write it."""
