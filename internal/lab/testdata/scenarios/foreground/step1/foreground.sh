echo This step has begun.
