export EDITOR=vim
alias k=kubectl
docker ps
python3 -c "print(1)"
