"""Every check counts: the tests are run against programs from which something was taken."""
