"""What follows a promise until it ends: warnings, other hands, another time, an introduction, a question after."""
